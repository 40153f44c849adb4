import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from './database.js';
import { TaskLeaseRow } from './task-lease.entity.js';

// Many times what a batch takes; an instance that died holds up the others no longer.
const LEASE_SECONDS = 60;

/** Keeps several instances from doing the same task at once. It saves work; nothing depends on it. */
@Injectable()
export class TaskLeases {
  private readonly holder = randomUUID();

  constructor(private readonly database: Database) {}

  /** Takes the lease, or keeps it. @returns false while somebody else has it. */
  async hold(task: string): Promise<boolean> {
    const rows = await this.database.read((manager) =>
      manager.query<unknown[]>(
        `insert into task_leases as l (task, holder, expires_at)
         values ($1, $2, now() + $3 * interval '1 s')
             on conflict (task) do update set holder = excluded.holder, expires_at = excluded.expires_at
                where l.holder = excluded.holder or l.expires_at <= now()
         returning task`,
        [task, this.holder, LEASE_SECONDS],
      ),
    );
    return rows.length > 0;
  }

  async release(task: string): Promise<void> {
    await this.database.read((manager) =>
      manager.delete(TaskLeaseRow, { task, holder: this.holder }),
    );
  }
}

import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AcceptedTurnArchive } from '../persistence/accepted-turns.js';
import type { Doomed } from '../persistence/archive-erasure.js';
import type { LockedRow } from '../persistence/archive.statements.js';
import { stillDue, TidyRoad } from '../persistence/tidy-road.js';
import { IdleSessions } from '../session/idle-sessions.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { Eraser } from './eraser.js';
import { UnflushedTurns } from './unflushed-turns.js';

const PARALLEL_SCRIPTS = 100;

/**
 * Leaves alone what has a session: somebody uses it, or has said something that is not in Postgres yet. A session that
 * is begun while its conversation is erased is kept away, so that what is said then goes to Postgres, and is there in
 * time or refused: what Redis accepted would be erased with it. That lapses in a minute, for whoever dies meanwhile; so it is
 * asked for once more under the lock of the row. From then on the transaction has its end, either way, long before that
 * minute is over: Postgres ends one that says nothing for five seconds.
 */
@Injectable()
export class HybridTidyRoad extends TidyRoad {
  constructor(
    private readonly sessions: IdleSessions,
    private readonly unflushed: UnflushedTurns,
    private readonly archive: AcceptedTurnArchive,
    private readonly eraser: Eraser,
  ) {
    super();
  }

  async unused(conversationIds: readonly string[]): Promise<readonly string[]> {
    return this.filter(
      conversationIds,
      async (id) => !this.unflushed.of(id) && !(await this.sessions.isThere(id)),
    );
  }

  async erase(doomed: readonly Doomed[], retentionDays: number): Promise<number> {
    const token = randomUUID();
    const ids = doomed.map(({ conversationId }) => conversationId);
    // It shuts none that has a session, as Redis has it; what that may have lost is known here.
    const shut = new Set(
      await this.shut(
        ids.filter((id) => !this.unflushed.of(id)),
        token,
      ),
    );
    const absent = doomed.filter(({ conversationId }) => shut.has(conversationId));
    if (absent.length === 0) return 0;
    try {
      const { conversations } = await orUnavailable(
        this.eraser.erase(absent, null, (rows) =>
          this.stillShut(stillDue(rows, absent, retentionDays), token),
        ),
      );
      return conversations;
    } finally {
      await this.reopen([...shut], token);
    }
  }

  private shut(ids: readonly string[], token: string): Promise<string[]> {
    return this.filter(ids, (id) => this.sessions.shut(id, token));
  }

  /** Without a session, and so with every turn that was ever accepted in their rows, which are locked. */
  private async stillShut(rows: readonly LockedRow[], token: string): Promise<LockedRow[]> {
    const shut = new Set(
      await this.shut(
        rows.map((row) => row.conversation_id),
        token,
      ),
    );
    return rows.filter((row) => shut.has(row.conversation_id));
  }

  /** What is erased stays shut; of all others a new turn may come any time. */
  private async reopen(shut: readonly string[], token: string): Promise<void> {
    const erased = new Set(await this.archive.erased(shut));
    const others = shut.filter((id) => !erased.has(id));
    await orUnavailable(Promise.all(others.map((id) => this.sessions.reopen(id, token))));
  }

  private async filter(
    ids: readonly string[],
    isWanted: (id: string) => Promise<boolean>,
  ): Promise<string[]> {
    const wanted: string[] = [];
    for (let first = 0; first < ids.length; first += PARALLEL_SCRIPTS) {
      const some = ids.slice(first, first + PARALLEL_SCRIPTS);
      const are = await orUnavailable(Promise.all(some.map(isWanted)));
      wanted.push(...some.filter((_, index) => are[index]));
    }
    return wanted;
  }
}

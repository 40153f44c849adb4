import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/** Which instance is at a task that one is enough for. A row, since behind a pooler a session's lock is nobody's. */
export class CreateTaskLeases1795000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table task_leases (
        task text primary key,
        holder uuid not null,
        expires_at timestamptz not null
      )`);
    await protectTables(runner, ['task_leases']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table task_leases');
  }
}

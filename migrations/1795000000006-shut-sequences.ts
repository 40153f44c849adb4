import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/** The list of migrations has a serial column, and Supabase gives its public roles every new sequence, too. */
export class ShutSequences1795000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await protectTables(runner, ['schema_migrations']);
  }

  /** What was shut stays shut: the first migration shuts it again anyway. */
  async down(): Promise<void> {}
}

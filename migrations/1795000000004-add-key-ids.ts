import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which data key of its conversation sealed a row's contents; null where they were stored as they are. An instance
 * from before goes on writing rows without it.
 */
export class AddKeyIds1795000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['conversation_sessions', 'conversation_messages']) {
      await runner.query(`alter table ${table} add column key_id text`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['conversation_sessions', 'conversation_messages']) {
      await runner.query(`alter table ${table} drop column key_id`);
    }
  }
}

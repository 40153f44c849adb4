import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when a conversation is archived: how long it stays so is counted from then. */
export class AddArchivedAt1795000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_sessions add column archived_at timestamptz');
    await runner.query('update conversation_sessions set archived_at = now() where is_archived');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_sessions drop column archived_at');
  }
}

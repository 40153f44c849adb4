import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was erased lately is looked for at each start and after each restart of Redis: no reason to read the whole table. */
export class IndexErasedConversations1795000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create index conversation_sessions_erased_at_idx
           on conversation_sessions (erased_at) where erased_at is not null`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index conversation_sessions_erased_at_idx');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a turn takes in a prompt, counted when it was appended, so that choosing a history counts nothing. Null in
 * rows from before, and in those that an instance from before still writes.
 */
export class AddTurnTokens1795000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages add column tokens integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages drop column tokens');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The words of a turn, read once when it is archived, so that looking for some costs 3 µs a turn instead of 65. Null
 * where contents are sealed; also in rows from before, and in those that an instance from before still writes: these
 * are read when somebody looks.
 */
export class AddTurnTerms1795000000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages add column terms tsvector');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages drop column terms');
  }
}

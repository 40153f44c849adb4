import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The words of a turn, taken when it is archived, for its owner's search: to take them while somebody searches would
 * be a tenth of a millisecond a turn. Null in rows from before, of which they are taken then: to fill in millions of
 * rows would hold up everybody's turns.
 */
export class AddTurnTerms1795000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages add column terms tsvector');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages drop column terms');
  }
}

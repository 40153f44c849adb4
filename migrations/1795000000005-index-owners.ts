import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/**
 * A user's own conversations, to be listed, taken along and erased. What is erased names nobody any more; and whoever
 * has erased everything is remembered by a digest, so that no turn of before comes back after it.
 */
export class IndexOwners1795000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index conversation_sessions_user_id_idx
        on conversation_sessions (user_id, last_activity desc, conversation_id)
        where user_id is not null and erased_at is null`);
    // A claim goes with its conversation, and there are as many as turns in a day.
    await runner.query(`
      create index idempotency_claims_conversation_id_idx on idempotency_claims (conversation_id)`);
    await runner.query(`
      create table owner_erasures (
        owner bytea primary key,
        mark uuid not null,
        "at" timestamptz not null
      )`);
    await protectTables(runner, ['owner_erasures']);
    await runner.query(
      'update conversation_sessions set user_id = null where erased_at is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table owner_erasures');
    await runner.query('drop index idempotency_claims_conversation_id_idx');
    await runner.query('drop index conversation_sessions_user_id_idx');
  }
}

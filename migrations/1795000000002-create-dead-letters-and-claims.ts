import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/**
 * Dead letters: turns that the archive refuses for what they are, kept as they came so that they block
 * nobody. Claims: who is answering an Idempotency-Key, for when Redis is not there to say.
 */
export class CreateDeadLettersAndClaims1795000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table dead_letters (
        turn_id uuid primary key,
        conversation_id text not null
          constraint dead_letters_conversation_id_fkey
          references conversation_sessions (conversation_id) on delete cascade,
        turn bytea not null,
        sqlstate text not null,
        "at" timestamptz not null default now(),
        attempts integer not null default 1
      )`);
    await runner.query(
      'create index dead_letters_conversation_id_idx on dead_letters (conversation_id)',
    );
    await runner.query(`
      create table idempotency_claims (
        key bytea primary key,
        body bytea not null,
        conversation_id text not null,
        turn_id uuid not null,
        answered boolean not null default false,
        lapses_at timestamptz not null,
        expires_at timestamptz not null
      )`);
    await runner.query(
      'create index idempotency_claims_expires_at_idx on idempotency_claims (expires_at)',
    );
    await protectTables(runner, ['dead_letters', 'idempotency_claims']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_claims');
    await runner.query('drop table dead_letters');
  }
}

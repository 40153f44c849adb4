import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/**
 * The archive: conversations and their turns. Row level security without a policy and no rights for
 * Supabase's public roles keep it out of reach of the key that every browser knows.
 */
export class CreateConversations1795000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table conversation_sessions (
        id uuid primary key default gen_random_uuid(),
        conversation_id text not null constraint conversation_sessions_conversation_id_key unique,
        user_id text,
        title text,
        created_at timestamptz not null default now(),
        last_activity timestamptz not null default now(),
        metadata jsonb,
        is_archived boolean not null default false,
        turn_count bigint not null default 0,
        data_key bytea,
        hot_stale uuid,
        erased_at timestamptz
      )`);
    // Recovery looks for the few conversations that were written around Redis, among millions.
    await runner.query(`
      create index conversation_sessions_hot_stale_idx on conversation_sessions (conversation_id)
        where hot_stale is not null`);
    await runner.query(`
      create table conversation_messages (
        id uuid primary key default gen_random_uuid(),
        conversation_id text not null
          constraint conversation_messages_conversation_id_fkey
          references conversation_sessions (conversation_id) on delete cascade,
        seq bigint not null,
        question text not null,
        answer text not null,
        sources text[] not null default '{}',
        context text,
        status text not null default 'complete',
        "timestamp" timestamptz not null default now(),
        metadata jsonb,
        model text,
        prompt_tokens integer,
        completion_tokens integer,
        latency_ms integer,
        idempotency_key bytea,
        idempotency_body bytea,
        constraint conversation_messages_conversation_id_seq_key unique (conversation_id, seq)
      )`);
    await runner.query(`
      create unique index conversation_messages_idempotency_key_idx
        on conversation_messages (idempotency_key) where idempotency_key is not null`);
    await runner.query(`
      create index conversation_messages_timestamp_idx on conversation_messages ("timestamp")`);
    await protectTables(runner, [
      'schema_migrations',
      'conversation_sessions',
      'conversation_messages',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table conversation_messages');
    await runner.query('drop table conversation_sessions');
  }
}

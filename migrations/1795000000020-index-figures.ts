import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Figures for the operators, counted from one index alone: a month of a million turns takes half a second that way,
 * and six where their rows or their conversations have to be read. `user_key` is a digest of the user, by which people
 * are told apart without joining a million rows to their conversations; null in rows that an instance from before still writes.
 */
export class IndexFigures1795000000020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table conversation_messages add column user_key bigint');
    await runner.query(`
      update conversation_messages m set user_key = hashtextextended(s.user_id, 0)
        from conversation_sessions s
       where s.conversation_id = m.conversation_id and s.user_id is not null`);
    await runner.query('drop index conversation_messages_timestamp_idx');
    // An entry may have 2,700 bytes: an answer cites four sources at most, of 200 characters each.
    await runner.query(`
      create index conversation_messages_timestamp_idx on conversation_messages ("timestamp")
        include (seq, latency_ms, prompt_tokens, completion_tokens, user_key, sources)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index conversation_messages_timestamp_idx');
    await runner.query(
      'create index conversation_messages_timestamp_idx on conversation_messages ("timestamp")',
    );
    await runner.query('alter table conversation_messages drop column user_key');
  }
}

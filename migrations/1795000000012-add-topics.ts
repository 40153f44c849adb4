import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/**
 * What turns are about, for operators who chose to count it: tokens, of which equal phrases have equal ones, and the
 * sealed phrases themselves. In the turn's own row, so that they go when it goes. The index holds all that is counted,
 * and nothing where nobody counts. `topic_key` is the one key that makes tokens of phrases, wrapped as data keys are.
 */
export class AddTopics1795000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table conversation_messages
        add column topic_tokens bigint[],
        add column topic_labels text`);
    await runner.query(`
      create index conversation_messages_topics_idx on conversation_messages ("timestamp")
        include (user_key, topic_tokens) where topic_tokens is not null`);
    await runner.query(`
      create table topic_key (
        is_the_only boolean primary key default true check (is_the_only),
        keyring text not null
      )`);
    await protectTables(runner, ['topic_key']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table topic_key');
    await runner.query('drop index conversation_messages_topics_idx');
    await runner.query(
      'alter table conversation_messages drop column topic_tokens, drop column topic_labels',
    );
  }
}

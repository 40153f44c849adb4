import type { PoolClient } from 'pg';
import type { StoredTopics } from '../conversation/stored-turn.js';
import { bounds, type TimeRange, type TopicLimits } from './figures.statements.js';

/** A phrase that many questions share, with the newest turn that has it. */
export interface KeywordFigures {
  readonly token: string;
  readonly turns: number;
  readonly users: number;
  readonly topics: StoredTopics;
  readonly turn: { readonly id: string; readonly keyId: string | null };
  readonly conversationId: string;
  readonly keyring: string;
}

interface KeywordRow {
  readonly token: string;
  readonly turns: string;
  readonly users: string;
  readonly id: string;
  readonly key_id: string | null;
  readonly tokens: readonly string[];
  readonly labels: string;
  readonly conversation_id: string;
  readonly data_key: Buffer | null;
}

// Digests, so as many of either sign; nobody is in one of them.
const HALVES = ['user_key >= 0', '(user_key < 0 or user_key is null)'];

/** SQL for the phrases of these users: each user once for each phrase first, as with sources. */
const countedOf = (users: string): string => `
  select token, sum(turns) as turns, count(user_key) as users, max(newest) as newest
    from (select token, user_key, count(*) as turns, max("timestamp") as newest
            from (select unnest(topic_tokens) as token, user_key, "timestamp" from conversation_messages
                   where "timestamp" >= $1 and "timestamp" < $2 and topic_tokens is not null
                     and ${users}) taken
           group by token, user_key) by_user
   group by token`;

/**
 * Has a worker count each half of the users, all of it. By itself Postgres has the workers read turns, and one process
 * tell all their users apart: a million turns take 1.3 s then, and 0.8 s so.
 */
export const KEYWORD_SETTINGS = `
  set local min_parallel_index_scan_size = '1TB';
  set local min_parallel_table_scan_size = '1TB';`;

/** The phrases that most questions share. */
export async function keywordsOf(
  client: PoolClient,
  range: TimeRange,
  { minUsers, maxTopics }: TopicLimits,
): Promise<KeywordFigures[]> {
  const { rows } = await client.query<KeywordRow>(
    `with halves as (
       ${HALVES.map(countedOf).join(' union all ')}
     ), top as (
       select token, sum(turns) as turns, sum(users) as users, max(newest) as newest from halves
        group by token
       having sum(users) >= $3
        order by turns desc, token
        limit $4
     )
     select top.token, top.turns, top.users, labelled.*, s.data_key
       from top
      cross join lateral (
              select m.id, m.key_id, m.topic_tokens as tokens, m.topic_labels as labels, m.conversation_id
                from conversation_messages m
               where m."timestamp" = top.newest and m.topic_tokens @> array[top.token]
               limit 1) labelled
       join conversation_sessions s using (conversation_id)
      order by top.turns desc, top.token`,
    [...bounds(range), minUsers, maxTopics],
  );
  return rows.map((row) => ({
    token: row.token,
    turns: Number(row.turns),
    users: Number(row.users),
    topics: { tokens: row.tokens, labels: row.labels },
    turn: { id: row.id, keyId: row.key_id },
    conversationId: row.conversation_id,
    keyring: row.data_key?.toString() ?? '',
  }));
}

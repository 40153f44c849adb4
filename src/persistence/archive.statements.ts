import type { PoolClient } from 'pg';
import type { StoredText, StoredTurn } from '../conversation/stored-turn.js';
import { termsOfTurn } from './terms.js';

/** Turns of one conversation on their way into the archive, in their order. */
export interface ConversationBatch {
  readonly conversationId: string;
  readonly owner: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly turns: readonly StoredTurn[];
  /** Holds the data key of each of them. */
  readonly keyring: string;
  /** Where it is known; the archive keeps the one that the conversation began with. */
  readonly title: StoredText | null;
}

export interface LockedRow {
  readonly conversation_id: string;
  readonly user_id: string | null;
  readonly turn_count: string;
  readonly erased: boolean;
  readonly data_key: Buffer | null;
  /** By Postgres's clock; null: it is not archived. */
  readonly archived_for_days: number | null;
}

/** Whether a conversation has been archived for so long. */
export const isExpired =
  (retentionDays: number) =>
  ({ archived_for_days: days }: LockedRow): boolean =>
    retentionDays > 0 && days !== null && days >= retentionDays;

const isoTime = (ms: number): string => new Date(ms).toISOString();

/**
 * Locks in id order, so that two batches with the same conversations cannot wait for each other.
 * @param skipHeld leaves out what somebody else holds, instead of waiting for it
 */
export async function lockConversations(
  client: PoolClient,
  ids: readonly string[],
  { skipHeld = false } = {},
): Promise<LockedRow[]> {
  const { rows } = await client.query<LockedRow>(
    `select conversation_id, user_id, turn_count, erased_at is not null as erased, data_key,
            (extract(epoch from now() - archived_at) / 86400)::float8 as archived_for_days
       from conversation_sessions
      where conversation_id = any($1::text[])
      order by conversation_id
        for update${skipHeld ? ' skip locked' : ''}`,
    [ids],
  );
  return rows;
}

export async function insertConversations(
  client: PoolClient,
  batches: readonly ConversationBatch[],
): Promise<void> {
  await client.query(
    `insert into conversation_sessions (conversation_id, user_id, created_at, last_activity, title, key_id)
     select id, user_id, created_at, created_at, title, key_id
       from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
         as incoming (id, user_id, created_at, title, key_id)
      order by id
         on conflict (conversation_id) do nothing`,
    [
      batches.map((batch) => batch.conversationId),
      batches.map((batch) => batch.owner),
      batches.map((batch) => isoTime(batch.createdAt)),
      batches.map(({ title }) => title?.text ?? null),
      batches.map(({ title }) => title?.keyId ?? null),
    ],
  );
}

/**
 * Inserts the turns whose ids are new, numbered on from the conversation's count, which goes up with them.
 * The rows of the conversations have to be locked, and to have the turns' data keys in their keyrings. An idempotency key that another turn holds is left out:
 * both turns were acknowledged, so both stay. What is archived is no dead letter any more, whoever had kept it as one.
 */
export async function insertTurns(
  client: PoolClient,
  batches: readonly ConversationBatch[],
): Promise<void> {
  const turns = batches.flatMap(({ conversationId, turns }) =>
    turns.map((turn) => ({ conversationId, turn })),
  );
  const column = <T>(pick: (turn: StoredTurn) => T): T[] => turns.map(({ turn }) => pick(turn));
  await client.query(
    `with incoming as (
       -- Once each: a turn that hung on its way to Redis may have come after its own retry.
       select distinct on (id) *
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::text[], $10::text[], $11::integer[], $12::integer[],
                     $13::integer[], $14::bytea[], $15::bytea[], $16::text[], $17::integer[],
                     $18::text[], $19::text[]) with ordinality
           as t (id, conversation_id, question, answer, sources, context, status, "timestamp", metadata,
                 model, prompt_tokens, completion_tokens, latency_ms, idempotency_key, idempotency_body,
                 key_id, tokens, topic_tokens, topic_labels, place)
       order by id, place
     ), numbered as (
       select i.*, s.turn_count + row_number() over (partition by i.conversation_id order by i.place) as seq,
              hashtextextended(s.user_id, 0) as user_key
         from incoming i
         join conversation_sessions s using (conversation_id)
        where s.erased_at is null
          and not exists (select from conversation_messages m where m.id = i.id)
     ), inserted as (
       insert into conversation_messages
              (id, conversation_id, seq, question, answer, sources, context, status, "timestamp", metadata,
               model, prompt_tokens, completion_tokens, latency_ms, idempotency_key, idempotency_body, key_id,
               tokens, topic_tokens, topic_labels, terms, user_key)
       select n.id, n.conversation_id, n.seq, n.question, n.answer, n.sources::text[], n.context, n.status,
              n."timestamp", n.metadata::jsonb, n.model, n.prompt_tokens, n.completion_tokens, n.latency_ms,
              case when taken.id is null
                   and row_number() over (partition by n.idempotency_key order by n.place) = 1
                   then n.idempotency_key end, n.idempotency_body, n.key_id, n.tokens,
              n.topic_tokens::bigint[], n.topic_labels,
              ${termsOfTurn('n')}, n.user_key
         from numbered n
         left join conversation_messages taken on taken.idempotency_key = n.idempotency_key
       returning conversation_id, "timestamp"
     ), mended as (
       delete from dead_letters d using incoming i where d.turn_id = i.id
     )
     update conversation_sessions s
        set turn_count = s.turn_count + added.turns,
            last_activity = greatest(s.last_activity, added.newest),
            -- What goes on is not put away any more; what was said before that, and comes late, changes nothing.
            is_archived = s.is_archived and coalesce(added.newest <= s.archived_at, false),
            archived_at = case when added.newest <= s.archived_at then s.archived_at end
       from (select conversation_id, count(*) as turns, max("timestamp") as newest
               from inserted group by conversation_id) added
      where s.conversation_id = added.conversation_id`,
    [
      column((turn) => turn.id),
      turns.map(({ conversationId }) => conversationId),
      column((turn) => turn.question),
      column((turn) => turn.answer),
      column((turn) => arrayLiteral(turn.sources)),
      column((turn) => turn.context),
      column((turn) => turn.status),
      column((turn) => isoTime(turn.createdAt)),
      column((turn) => turn.metadata),
      column((turn) => turn.model),
      column((turn) => turn.usage.promptTokens),
      column((turn) => turn.usage.completionTokens),
      column((turn) => turn.latencyMs),
      column((turn) => turn.idempotency && Buffer.from(turn.idempotency.key, 'hex')),
      column((turn) => turn.idempotency && Buffer.from(turn.idempotency.body, 'hex')),
      column((turn) => turn.keyId),
      column((turn) => turn.tokens),
      column((turn) => turn.topics && arrayLiteral(turn.topics.tokens)),
      column((turn) => turn.topics?.labels ?? null),
    ],
  );
}

/** The place of each of these turns in the archive; a turn that is not there is not in the map. */
export async function numbersOf(
  client: PoolClient,
  turnIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; seq: string }>(
    'select id, seq from conversation_messages where id = any($1::uuid[])',
    [turnIds],
  );
  return new Map(rows.map(({ id, seq }) => [id, Number(seq)]));
}

/** Until this mark is cleared, the session in Redis is known to lack the turn that it names. */
export async function markHotStale(
  client: PoolClient,
  conversationId: string,
  turnId: string,
): Promise<void> {
  await client.query('update conversation_sessions set hot_stale = $2 where conversation_id = $1', [
    conversationId,
    turnId,
  ]);
}

/** As bytes, in which nothing is refused: a lone surrogate or NUL stays an escape in the JSON. */
export async function insertDeadLetter(
  client: PoolClient,
  conversationId: string,
  turn: StoredTurn,
  sqlstate: string,
): Promise<void> {
  await client.query(
    `insert into dead_letters as d (turn_id, conversation_id, turn, sqlstate)
     values ($1, $2, $3, $4)
         on conflict (turn_id) do update
            set attempts = d.attempts + 1, at = now(), sqlstate = excluded.sqlstate`,
    [turn.id, conversationId, Buffer.from(JSON.stringify(turn)), sqlstate],
  );
}

// unnest() would flatten an array of arrays, so each list travels as a literal.
function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

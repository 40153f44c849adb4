import type { PoolClient } from 'pg';
import type { KeyOfConversation } from '../conversation/claims.js';
import { turnOfLetter } from './dead-letter.entity.js';

export interface ErasedContents {
  /** Of archived turns and dead letters. */
  readonly turnIds: readonly string[];
  /** That they bore, or a claim on them. */
  readonly keys: readonly KeyOfConversation[];
}

interface ErasedRow {
  readonly conversation_id: string;
  readonly turn_id: string | null;
  readonly key: string | null;
  readonly letter: Buffer | null;
}

/**
 * Leaves the rows as tombstones: without turns, dead letters, title, metadata, data keys and owner. Their marks have
 * the sessions removed also where Redis is away now. The rows have to be locked.
 */
export async function eraseContents(
  client: PoolClient,
  conversationIds: readonly string[],
): Promise<ErasedContents> {
  if (conversationIds.length === 0) return { turnIds: [], keys: [] };
  const { rows } = await client.query<ErasedRow>(
    `with turns as (
       delete from conversation_messages where conversation_id = any($1::text[])
       returning conversation_id, id, encode(idempotency_key, 'hex') as key
     ), letters as (
       delete from dead_letters where conversation_id = any($1::text[])
       returning conversation_id, turn_id, turn
     ), claims as (
       delete from idempotency_claims where conversation_id = any($1::text[])
       returning conversation_id, encode(key, 'hex') as key
     ), tombstones as (
       update conversation_sessions
          set erased_at = now(), hot_stale = gen_random_uuid(), user_id = null, turn_count = 0,
              title = null, metadata = null, data_key = null, key_id = null,
              is_archived = false, archived_at = null
        where conversation_id = any($1::text[])
     )
     select conversation_id, id as turn_id, key, null::bytea as letter from turns
     union all
     select conversation_id, turn_id, null, turn from letters
     union all
     select conversation_id, null, key, null from claims`,
    [conversationIds],
  );
  return {
    turnIds: rows.flatMap(({ turn_id: id }) => id ?? []),
    keys: rows.flatMap(({ conversation_id: conversationId, key, letter }) => {
      const held = letter ? turnOfLetter({ turn: letter }).idempotency?.key : key;
      return held ? { conversationId, key: held } : [];
    }),
  };
}

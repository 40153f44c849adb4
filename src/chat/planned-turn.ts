import { randomUUID } from 'node:crypto';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import type { PlannedTurn } from '../conversation/claims.js';
import type { IdempotencyMark } from '../conversation/turn.js';

// Any would do, but never another one: retries of yesterday would become turns of their own.
const NAMESPACE = '4e0f2b5c-6a0d-4c3e-9d53-0c1a9f3b7e42';

/**
 * The ids of a turn that is yet to be answered. Those of a turn with an Idempotency-Key follow from the key and the
 * body: a retry is the same turn also where the claim went with one store or was made in the other, and both
 * stores keep a turn once.
 */
export function planTurn(conversationId: string | null, mark: IdempotencyMark | null): PlannedTurn {
  if (!mark) return { conversationId: conversationId ?? randomUUID(), turnId: uuidv7() };
  const idOf = (what: string) => uuidv5(`${what} ${mark.key} ${mark.body}`, NAMESPACE);
  return { conversationId: conversationId ?? idOf('conversation'), turnId: idOf('turn') };
}

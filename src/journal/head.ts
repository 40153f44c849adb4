import type { AnswerHead } from '../conversation/answer-journal.js';
import type { PlannedTurn } from '../conversation/claims.js';
import type { Opener } from '../crypto/opener.js';
import type { Sealer } from '../crypto/sealer.js';

type Contents = Omit<AnswerHead, keyof PlannedTurn | 'owner' | 'keyring'>;

/** Owner, keyring and contents, as lua/open.lua takes them. */
export type StoredHead = [owner: string, keyring: string, contents: string];

// What is sealed is sealed for this name too: it never changes.
const FIELD = 'answer head';

/** The keyring holds the key that all of this journal is sealed under. */
export function encodeHead(head: AnswerHead, sealer: Sealer): StoredHead {
  const { conversationId: _conversation, turnId, owner, keyring: _keyring, ...contents } = head;
  const json = sealer.json(contents satisfies Contents, turnId, FIELD);
  return [owner ?? '', sealer.keyring, JSON.stringify([sealer.keyId, json])];
}

/** @throws ServiceError decryption_failed. */
export function decodeHead(
  turn: PlannedTurn,
  [owner, keyring, stored]: StoredHead,
  opener: Opener,
): AnswerHead {
  const [keyId, json] = JSON.parse(stored) as [string | null, string];
  const contents = opener.json<Contents>(json, keyId, turn.turnId, FIELD);
  return { ...turn, owner: owner || null, keyring, ...contents };
}

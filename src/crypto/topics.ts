import { createHmac, type KeyObject } from 'node:crypto';
import type { StoredTopics } from '../conversation/stored-turn.js';
import type { Turn } from '../conversation/turn.js';
import { phrasesOf } from '../language/phrases.js';
import type { Opener } from './opener.js';
import type { Sealer } from './sealer.js';

// Part of what is sealed: it never changes.
const FIELD = 'topics';

/**
 * What the operators may count a turn by. Without the keys a token says only that two turns share a phrase: nobody can
 * try words on it. Of 64 bits: among a million phrases two meet once in 40 million archives.
 */
export function sealTopics(
  { id, question }: Pick<Turn, 'id' | 'question'>,
  sealer: Sealer,
  key: KeyObject,
): StoredTopics | null {
  const phrases = phrasesOf(question);
  if (phrases.length === 0) return null;
  const labels = JSON.stringify(phrases.map(({ label }) => label));
  return {
    tokens: phrases.map(({ term }) => tokenOf(term, key)),
    labels: sealer.text(labels, id, FIELD),
  };
}

/** The phrase of one token of a turn. @throws ServiceError decryption_failed. */
export function openTopic(
  { tokens, labels }: StoredTopics,
  token: string,
  turn: { readonly id: string; readonly keyId: string | null },
  opener: Opener,
): string | undefined {
  const opened = JSON.parse(opener.text(labels, turn.keyId, turn.id, FIELD)) as string[];
  return opened[tokens.indexOf(token)];
}

const tokenOf = (term: string, key: KeyObject): string =>
  createHmac('sha256', key).update(term).digest().readBigInt64BE().toString();

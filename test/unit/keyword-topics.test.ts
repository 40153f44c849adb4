import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { keywordTopics } from '../../src/analytics/keyword-topics.js';
import type { KeywordFigures } from '../../src/persistence/keyword.statements.js';
import { aKey, vaultOf } from '../support/encryption.js';

const vault = vaultOf(aKey('a'));

/** As the archive counts them. */
function counted(label: string, turns: number): KeywordFigures {
  const [conversationId, id] = [randomUUID(), randomUUID()];
  const sealer = vault.sealer(conversationId, '');
  const labels = sealer.text(JSON.stringify(['another', label]), id, 'topics');
  return {
    token: '2',
    turns,
    users: 5,
    topics: { tokens: ['1', '2'], labels },
    turn: { id, keyId: sealer.keyId },
    conversationId,
    keyring: sealer.keyring,
  };
}

it('leaves out a word that is asked for in a phrase every other time', () => {
  const all = [
    counted('learning', 11),
    counted('machine', 10),
    counted('machine learning', 5),
    counted('chine', 4),
  ];
  const topics = keywordTopics(all, vault, 10).map(({ topic }) => topic);
  expect(topics).toEqual(['learning', 'machine learning', 'chine']);
  expect(keywordTopics(all, vault, 1)).toEqual([{ topic: 'learning', turns: 11, users: 5 }]);
});

it('leaves out what other keys have sealed', () => {
  const stranger = { ...counted('theirs', 9), conversationId: randomUUID() };
  expect(keywordTopics([stranger, counted('ours', 8)], vault, 10)).toHaveLength(1);
});

import { describe, expect, it } from 'vitest';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { decodeTurn, encodeTurn } from '../../src/session/codec.js';
import { randomOf } from '../support/random.js';
import { aTurn } from '../support/turns.js';

const RUNS = 300;
const PIECES = ['a', '"', '\\', '\n', '\u2028', '论', '𝒳', '\u0001', '{', ']', ',', '\u007f'];

function randomTurn(seed: number): StoredTurn {
  const random = randomOf(seed);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const text = () =>
    Array.from({ length: upTo(40) }, () => PIECES[upTo(PIECES.length - 1)]).join('');
  const id = text();
  return aTurn({
    question: text(),
    answer: text(),
    sources: Array.from({ length: upTo(4) }, text),
    context: JSON.stringify({
      citations: [{ id, title: text(), url: text(), snippet: text(), score: random() }],
      history: { source: 'hot', turns_used: upTo(9), turns_available: upTo(99), tokens: upTo(999) },
    }),
    status: upTo(1) === 1 ? 'partial' : 'complete',
    model: text(),
    usage: { promptTokens: upTo(9999), completionTokens: upTo(9999) },
    tokens: upTo(1) === 1 ? upTo(2_000_000) : null,
    latencyMs: upTo(60_000),
    metadata:
      upTo(1) === 1
        ? JSON.stringify({ [text()]: text(), nested: [null, { deep: upTo(9) }] })
        : null,
    keyId: upTo(1) === 1 ? text() : null,
    topics: upTo(1) === 1 ? { tokens: ['-9223372036854775808', '1'], labels: text() } : null,
    idempotency: upTo(1) === 1 ? { key: 'ab'.repeat(32), body: 'cd'.repeat(32) } : null,
  });
}

describe('a turn in Redis', () => {
  it('is the same when it is read again', () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const turn = randomTurn(seed);
      expect(decodeTurn(encodeTurn(turn))).toEqual(turn);
    }
  });

  it('is read although an older version wrote it, without key, count and topics', () => {
    const turn = { ...randomTurn(1), keyId: null, tokens: null, topics: null };
    expect(decodeTurn(encodeTurn(turn).replace(/,null,null,null\]$/, ']'))).toEqual(turn);
  });

  it('is read as it was said from a session that an instance from before encryption has filled', () => {
    const { id, question, answer, context, createdAt } = aTurn();
    const said = [question, answer, [], JSON.parse(context), createdAt, 'm', [1, 2], 3, 0];
    const encoded = id + JSON.stringify([...said, { course: 'cs101' }, null]);
    expect(decodeTurn(encoded)).toMatchObject({
      id,
      question,
      answer,
      context,
      createdAt,
      metadata: '{"course":"cs101"}',
      keyId: null,
    });
  });

  it('begins with its id, by which the scripts know it', () => {
    const turn = randomTurn(1);
    expect(encodeTurn(turn).startsWith(turn.id)).toBe(true);
  });
});

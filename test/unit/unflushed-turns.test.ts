import { beforeEach, expect, it } from 'vitest';
import type { AcceptedTurn } from '../../src/persistence/accepted.statements.js';
import { UnflushedTurns } from '../../src/sync/unflushed-turns.js';
import { UNSEALED } from '../support/archive.js';
import { aTurn } from '../support/turns.js';

let unflushed: UnflushedTurns;
beforeEach(() => (unflushed = new UnflushedTurns()));

const accepted = (seq: number, answer = '') => ({ ...aTurn({ answer }), seq, previousTurnId: '' });
const of = (conversationId: string, owner: string | null, turn: AcceptedTurn) => ({
  conversationId,
  owner,
  turn,
  acceptedMs: 0,
  ...UNSEALED,
});
const places = (conversationId: string) =>
  unflushed.of(conversationId)?.turns.map(({ seq }) => seq);

it('keeps turns in their places, in whatever order their replies came, and each once', () => {
  const turns = [2, 1, 4, 3].map((seq) => accepted(seq));
  for (const turn of [...turns, turns[0]!]) unflushed.note(of('a', 'user-1', turn));
  expect(places('a')).toEqual([1, 2, 3, 4]);
  // One that Redis has lost, and the one that has its place now.
  unflushed.note(of('a', 'user-1', accepted(2)));
  expect(places('a')).toEqual([1, 2, 2, 3, 4]);
});

it('lets go of what is archived, and then of the conversation', () => {
  const [first, second, third] = [accepted(1), accepted(2), accepted(3)];
  for (const turn of [first, second, third]) unflushed.note(of('a', null, turn));
  unflushed.settle('a', [second]);
  expect(places('a')).toEqual([1, 3]);
  // Another one in the place of the third is not the third.
  unflushed.settle('a', [accepted(3)]);
  expect(places('a')).toEqual([1, 3]);
  unflushed.settle('a', [first, third]);
  expect(unflushed.conversationIds).toEqual([]);
});

it('holds a turn that Redis may have lost until that very turn is archived, or erased', () => {
  const [lost, ...others] = [accepted(2), accepted(3), accepted(4)] as const;
  for (const turn of [lost, others[0]]) unflushed.note(of('a', null, turn));
  unflushed.note(of('erased', null, accepted(1)));
  unflushed.doubt();
  unflushed.note(of('a', null, others[1]));
  expect(unflushed.doubtfulIds).toEqual(['a', 'erased']);
  unflushed.settle('a', [others[0]]);
  expect(unflushed.doubtfulIds).toEqual(['a', 'erased']);
  unflushed.settle('a', [lost]);
  expect(unflushed.doubtfulIds).toEqual(['erased']);
  unflushed.forget('erased');
  expect(unflushed.doubtfulIds).toEqual([]);
  expect(unflushed.conversationIds).toEqual(['a']);
});

it('lets the oldest conversations go when it holds too much', () => {
  const megabyte = 'x'.repeat(1024 * 1024);
  for (let number = 0; number < 40; number++) {
    unflushed.note(of(`conversation ${number}`, null, accepted(1, megabyte)));
  }
  expect(unflushed.conversationIds.length).toBeGreaterThan(25);
  expect(unflushed.conversationIds.length).toBeLessThan(33);
  expect(unflushed.conversationIds).not.toContain('conversation 0');
  expect(unflushed.conversationIds).toContain('conversation 39');
  for (const id of unflushed.conversationIds) unflushed.forget(id);
  // Nothing is counted that is not held any more.
  for (let number = 0; number < 25; number++) {
    unflushed.note(of(`later ${number}`, null, accepted(1, megabyte)));
  }
  expect(unflushed.conversationIds).toHaveLength(25);
});

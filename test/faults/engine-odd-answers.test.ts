import { expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { archivedTurns } from '../support/archive-contents.js';
import { type Asked, Ledger } from '../support/ledger.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';

const MAX_BYTES = 1_048_576;
const TEN_MEGABYTES = 10 * 1_048_576;

const stage = await createPostgresStage();
const { postgres, redis, engine } = stage;
const service = await stage.start({ ANSWER_MAX_BYTES: String(MAX_BYTES) });
const ledger = new Ledger();

const deadLetters = async () => {
  const [row] = await postgres.query<{ count: number }>(
    'select count(*)::integer from dead_letters',
  );
  return row!.count;
};

const statuses = (conversationId: string) =>
  postgres.query<{ status: string; model: string }>(
    'select status, model from conversation_messages where conversation_id = $1 order by seq',
    [conversationId],
  );

it.each([
  ['NUL in it', 'one\0two\0', 'onetwo', 'complete'],
  [
    'lone surrogates in it',
    'one \ud83d two \ude00 three',
    'one \ufffd two \ufffd three',
    'complete',
  ],
  ['what looks like escapes', '\\u0000 \\ud83d {"a":"\\"} \u0001\u001f', undefined, 'complete'],
  ['ten megabytes', 'x'.repeat(TEN_MEGABYTES), 'x'.repeat(MAX_BYTES), 'partial'],
  // 3 bytes do not divide the limit: the last whole character ends one byte before it.
  ['a limit within a character', '€'.repeat(MAX_BYTES), '€'.repeat((MAX_BYTES - 1) / 3), 'partial'],
])('stores an answer with %s cleaned and once', async (what, said, expected, status) => {
  const question = `Say it with ${what}`;
  const headers = { 'idempotency-key': what.replaceAll(' ', '-') };
  engine.stub.next({ kind: 'text', text: said });
  const first = await ledger.ask(service, question, { headers });
  expect(first.status).toBe(200);
  // Compared so, as a diff of megabytes says nothing.
  expect(first.body.answer === (expected ?? said)).toBe(true);
  const conversationId = first.body.conversation_id!;
  // The history with it in goes to the engine, and on through both stores.
  await ledger.turn(service, `And ${what}?`, { conversationId });
  await stage.settle(service, ledger);
  const [stored, next] = await archivedTurns(postgres, conversationId);
  expect(stored!.answer === first.body.answer).toBe(true);
  expect(next).toMatchObject({ seq: 2 });
  expect(await statuses(conversationId)).toMatchObject([{ status }, { status: 'complete' }]);
  expect(await deadLetters()).toBe(0);

  const again = await ledger.ask(service, question, { headers });
  expect(again.body.answer === first.body.answer).toBe(true);
  expect(engine.callsFor(question)).toBe(1);
});

it.each([
  ['nothing', ''],
  ['blanks alone', ' \n\t '],
  ['NUL alone', '\0\0'],
])(
  'stores nothing when the engine says %s, and asks it anew when the caller does',
  async (what, said) => {
    const { conversationId } = await ledger.turn(service, `before ${what}`);
    const question = `Say ${what}`;
    const headers = { 'idempotency-key': question.replaceAll(' ', '-') };
    const asked: Asked = { conversationId, headers };
    engine.stub.next({ kind: 'text', text: said });
    expectProblem(await ledger.ask(service, question, asked), 502, 'answer_engine_failed');
    expect(await redis.llen(conversationKeys(conversationId).turns)).toBe(1);
    const answered = await ledger.turn(service, question, asked);
    expect(answered.seq).toBe(2);
    await stage.settle(service, ledger);
    expect(await archivedTurns(postgres, conversationId)).toHaveLength(2);
  },
);

it('keeps a turn although all that the engine says beside the answer is nonsense', async () => {
  const choices = [{ message: { role: 'assistant', content: 'An answer.' }, finish_reason: 7 }];
  const usage = { prompt_tokens: 1e300, completion_tokens: -1 };
  const model = `${'m'.repeat(199)}\u{1f600}\0\ud83d`;
  engine.stub.next({ kind: 'raw', body: JSON.stringify({ choices, usage, model }) });
  const { conversationId, answer } = await ledger.turn(service, 'Say something odd');
  expect(answer).toBe('An answer.');
  await stage.settle(service, ledger);
  expect(await statuses(conversationId)).toMatchObject([
    { status: 'complete', model: `${'m'.repeat(199)}\ufffd` },
  ]);
  expect(await deadLetters()).toBe(0);
});

import { expect, it } from 'vitest';
import { answerKeys, erasureMarkKey } from '../../src/redis/keys.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { expectNothingLeft } from '../support/erased.js';
import { openStream, textOf } from '../support/event-streams.js';
import { eventually } from '../support/eventually.js';
import { takeAll } from '../support/export.js';
import { createProxy } from '../support/faults.js';
import { expectProblem } from '../support/problem.js';
import { createProcessStage } from '../support/process-stage.js';
import { allKeys, everythingIn } from '../support/redis-contents.js';
import { redisIs } from '../support/stage.js';
import { ask, says, slowly, storedAnswers, tells, wordsOf } from '../support/stream-stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { expectVerified } from '../support/verified.js';

const SECRET = 'What is canary-secret?';

const stage = await createProcessStage();
const { redis, database, engine } = stage;
const engineLink = await createProxy(engine.stub.baseUrl);
// What they accept stays in Redis until somebody sweeps.
const variables = { ...JWT_VARIABLES, AUTO_SYNC_TO_DB: 'false' };
const one = await stage.start({
  ...variables,
  OPENAI_BASE_URL: engineLink.through(engine.stub.baseUrl),
});
const other = await stage.start(variables);

type Headers = ReturnType<typeof bearer>;
const asUser = async (name: string): Promise<Headers> => bearer(await tokenOf(name));

async function eraseAll(headers: Headers): Promise<void> {
  expect((await other.request('DELETE', '/me/data', { headers })).status).toBe(200);
}

/** Whoever sweeps finds it in Redis, and the export shows it. */
async function expectExported(headers: Headers): Promise<void> {
  await eventually(async () => {
    await other.admin('POST', '/admin/sync');
    expect(await takeAll(other, headers)).toMatchObject([{ turns: [{ question: SECRET }] }]);
  });
}

async function expectErased(headers: Headers): Promise<void> {
  await eventually(async () => expect(await takeAll(other, headers)).toEqual([]));
  await expectVerified(other, redis);
  expect(await takeAll(other, headers)).toEqual([]);
  expect(await everythingIn(redis)).not.toContain('canary-secret');
}

it('keeps nothing at all of a first turn whose owner erased everything while the engine thought', async () => {
  const ada = await asUser('ada');
  const held = engineLink.holdOnce('/chat/completions');
  const turn = one.chat({ query: SECRET }, ada);
  await held.reached;
  await eraseAll(ada);
  one.postgresLink.refuse();
  held.release();
  expectProblem(await turn, 404, 'conversation_not_found');
  expect(await everythingIn(redis)).not.toContain('canary-secret');
  one.postgresLink.pass();
  await expectErased(ada);
  expect(await database.query('select from conversation_sessions')).toEqual([]);
});

it.each([
  ['Postgres is', () => {}],
  ['both stores are', () => one.redisLink.mute()],
])(
  'owes the erasure of a first turn that was just being kept while %s away',
  async (what, alsoBreak) => {
    const bob = await asUser(`bob, ${what}`);
    const append = one.redisLink.holdOnce(SCRIPTS.append.sha);
    const turn = one.chat({ query: SECRET }, bob);
    await append.reached;
    await eraseAll(bob);
    one.postgresLink.refuse();
    alsoBreak();
    append.release();
    // Whatever it is told: where no store can say any more whether it was erased, that is no error.
    await turn;
    await expectExported(bob);

    one.redisLink.pass();
    one.postgresLink.pass();
    await expectErased(bob);
  },
);

it('erases what a killed instance kept of a first turn after its owner had erased everything', async () => {
  const cleo = await asUser('cleo');
  const killed = await stage.start(variables);
  tells(engine, slowly(wordsOf(10), 20));
  const append = killed.redisLink.holdOnce(SCRIPTS.append.sha);
  const { conversationId, turnId } = await ask(killed, SECRET, { headers: cleo });
  await append.reached;
  await eraseAll(cleo);
  // As long as somebody can come to finish the turn, the word is known.
  const journalMs = await redis.pttl(answerKeys(conversationId, turnId).head);
  expect(journalMs).toBeGreaterThan(0);
  expect(await redis.pttl(erasureMarkKey('cleo'))).toBeGreaterThan(journalMs);
  killed.postgresLink.refuse();
  const look = killed.redisLink.holdOnce(SCRIPTS.erasureMark.sha);
  append.release();
  await look.reached;
  killed.kill('SIGKILL');
  await expectExported(cleo);

  const url = `${other.url}/chat/stream/${conversationId}`;
  await (await openStream(url, { method: 'GET', headers: cleo })).rest();
  await expectErased(cleo);
  await expectNothingLeft(stage, conversationId);
});

it('forgets the keys of what was erased while Redis was away, once that is back', async () => {
  const emil = await asUser('emil');
  await redisIs('up', one);
  const asked = { query: SECRET, meta_params: { durability: 'committed' } };
  const first = await one.chat(asked, { ...emil, 'idempotency-key': 'emils' });
  const claims = async () => (await allKeys(redis)).filter((key) => key.includes(':idem:'));
  expect(await claims()).toHaveLength(1);
  one.redisLink.refuse();
  await redisIs('away', one);
  const path = `/conversations/${first.body.conversation_id!}`;
  expect((await one.request('DELETE', path, { headers: emil })).status).toBe(204);
  expect(await claims()).toHaveLength(1);
  one.redisLink.pass();
  await eventually(async () => expect(await claims()).toEqual([]));
  await expectErased(emil);
});

it('keeps what a killed instance said to an owner who had erased everything before', async () => {
  const dora = await asUser('dora');
  await eraseAll(dora);
  const killed = await stage.start(variables);
  tells(engine, slowly(wordsOf(1000), 20));
  const { stream, conversationId, turnId } = await ask(killed, SECRET, { headers: dora });
  await stream.until(says('word5'));
  killed.kill('SIGKILL');
  const url = `${other.url}/chat/stream/${conversationId}`;
  const again = await openStream(url, { method: 'GET', headers: dora });
  const told = textOf(await again.rest());
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'partial', answer: told },
  ]);
});

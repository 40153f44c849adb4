import { afterEach, expect, it } from 'vitest';
import { databaseIs } from '../support/database-health.js';
import { Ledger } from '../support/ledger.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { trimmed } from '../support/trimmed.js';

const FIRST = 'Why does dropout prevent overfitting?';
const LATER = ['What is a kernel?', 'Who wrote about Turing?', 'What is BLEU?'];

const stage = await createPostgresStage();
const { postgres, engine } = stage;
const service = await stage.start({ HISTORY_DEPTH: 'all', MAX_MESSAGES_PER_SESSION: '2' });

// A test that fails with Postgres broken must not fail those after it.
afterEach(() => {
  postgres.thaw();
  postgres.proxy.pass();
});

it.each([
  ['refuses connections', () => postgres.proxy.refuse(), () => postgres.proxy.pass()],
  ['is frozen', () => postgres.freeze(), () => postgres.thaw()],
])('answers with what Redis has while Postgres %s', async (_, breakIt, mendIt) => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, FIRST);
  for (const question of LATER) {
    await ledger.turn(service, question, { conversationId });
  }
  await trimmed(service);
  breakIt();
  await ledger.turn(service, 'Does dropout always help?', { conversationId });
  expect(engine.questionsInPrompt).toEqual([...LATER.slice(-2), 'Does dropout always help?']);

  mendIt();
  await databaseIs('up', service);
  await ledger.turn(service, 'When does dropout fail?', { conversationId });
  expect(engine.questionsInPrompt[0]).toBe(FIRST);
  await stage.settle(service, ledger);
});

import { afterEach, expect, it } from 'vitest';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectNoMarks } from '../support/settled.js';
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
  let [tries, unheard] = [0, 0];
  const taken = async (about: string) => {
    const question = `${about} (${++tries})`;
    const { status, body } = await ledger.ask(service, question, { conversationId });
    if (status !== 200) unheard++;
    expect(status).toBe(200);
    return { question, durability: body.durability };
  };
  /** A busy machine may keep Redis from answering in time, and then there is nobody to keep the turn. */
  const answered = (about: string) => eventually(() => taken(about));
  await eventually(async () => {
    await expectNoMarks(service, postgres);
    for (const about of LATER) {
      // One that was written around Redis has its session filled anew from Postgres, and so do the next ones.
      expect(await taken(about)).toMatchObject({ durability: 'accepted' });
    }
  });
  await trimmed(service);
  breakIt();
  const { question } = await answered('Does dropout always help?');
  expect(engine.questionsInPrompt).toHaveLength(3);
  expect(engine.questionsInPrompt[2]).toBe(question);
  expect(engine.questionsInPrompt).not.toContain(FIRST);

  mendIt();
  await databaseIs('up', service);
  // The first query after that may take longer than a turn waits for it.
  await eventually(async () => {
    await answered('When does dropout fail?');
    expect(engine.questionsInPrompt[0]).toBe(FIRST);
  });
  await stage.settle(service, ledger, { unheard });
});

import { expect, it } from 'vitest';
import { everyRow } from '../support/archive-contents.js';
import { OwnClient } from '../support/conversations.js';
import { aKey } from '../support/encryption.js';
import { expectProblem } from '../support/problem.js';
import { everythingIn } from '../support/redis-contents.js';
import { createStage } from '../support/stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const { redis, database, start } = await createStage();
const headers = bearer(await tokenOf('ada'));
const KEY = aKey('2026');
const SAID = { title: 'canary title', metadata: { note: 'canary metadata' } };

it.each(['hybrid', 'database', 'redis'])(
  'seals what a user says of a conversation (%s)',
  async (mode) => {
    const variables = { HISTORY_MODE: mode, ...JWT_VARIABLES, ENCRYPTION_KEYS: KEY };
    const ada = new OwnClient(await start(variables), headers);
    const { id } = await ada.say('What is attention?');
    expect((await ada.change(id, SAID)).body).toMatchObject(SAID);
    await ada.change(id, { metadata: { note: 'another canary' } });
    expect((await ada.read(id)).body).toMatchObject({ title: SAID.title });
    expect(await everyRow(database)).not.toContain('canary');
    expect(await everythingIn(redis.client)).not.toContain('canary');
  },
);

it('shows a conversation without its texts while their key is missing, and the others with theirs', async () => {
  const sealed = new OwnClient(
    await start({ ...JWT_VARIABLES, ENCRYPTION_KEYS: KEY }),
    bearer(await tokenOf('bea')),
  );
  const { id } = await sealed.say('What is attention?');
  await sealed.change(id, SAID);
  const { turnId } = await sealed.say('And then?', id);
  const keyless = new OwnClient(
    await start({ ...JWT_VARIABLES, ENCRYPTION_KEYS: aKey('other') }),
    sealed.headers,
  );
  const open = await keyless.say('What is dropout?');
  const closed = { title: null, metadata: null, unreadable: true, turn_count: 2 };
  expect((await keyless.read(id)).body).toMatchObject(closed);
  const [readable, unreadable] = (await keyless.list()).body.data;
  expect(unreadable).toMatchObject({ conversation_id: id, ...closed });
  expect(readable).toMatchObject({ conversation_id: open.id, title: 'What is dropout?' });
  expect(readable).not.toHaveProperty('unreadable');
  const texts = { question: null, answer: null, metadata: null, unreadable: true };
  expect((await keyless.turns(id)).body.data).toMatchObject([
    { seq: 1, ...texts },
    { seq: 2, ...texts },
  ]);
  expect((await keyless.turn(id, turnId)).body).toMatchObject({ seq: 2, ...texts });

  // Half of a description cannot be sealed anew without the other half.
  expectProblem(await keyless.change(id, { title: 'Anew' }), 500, 'decryption_failed');
  expect((await keyless.change(id, { is_archived: true })).status).toBe(200);
  expect((await sealed.read(id)).body).toMatchObject({ ...SAID, is_archived: true });
  const anew = { title: 'Anew', metadata: { note: 'both' } };
  expect((await keyless.change(id, anew)).body).toMatchObject(anew);
});

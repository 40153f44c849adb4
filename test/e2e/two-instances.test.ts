import { expect, it } from 'vitest';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { archivedTurns } from '../support/archive-contents.js';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const CONVERSATIONS = 12;
const TURNS_EACH = 10;

const redis = await createRedis();
const database = await createDatabase();
const client = redisClient(redis.url);
const variables = {
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  ADMIN_TOKEN,
  MAX_MESSAGES_PER_SESSION: '5',
};
const one = await startService({ ...variables, SYNC_INTERVAL: '1' });
const other = await startService({ ...variables, AUTO_SYNC_TO_DB: 'false', SYNC_INTERVAL: '1' });
const instances = [one, other];

async function expectArchived(conversationId: string, turnIds: readonly (string | null)[]) {
  await eventually(async () => {
    const archived = await archivedTurns(database, conversationId);
    expect(archived.map(({ seq }) => seq)).toEqual(turnIds.map((_, index) => index + 1));
    expect(archived.map(({ id }) => id)).toEqual(turnIds);
  });
}

it('gives both instances the same conversation, turn by turn', async () => {
  const first = await begin(one);
  const turnIds = [first.turn_id];
  for (let seq = 2; seq <= 12; seq++) {
    const turn = await goOn(instances[seq % 2]!, first.conversation_id, `question ${seq}`);
    expect(turn).toMatchObject({ seq, history: { source: 'hot' } });
    turnIds.push(turn.turn_id);
  }
  await expectArchived(first.conversation_id, turnIds);
});

it('numbers the turns that both take at once without gap or double, while both sweep', async () => {
  const begun = await Promise.all(
    Array.from({ length: CONVERSATIONS }, (_, index) => begin(instances[index % 2]!)),
  );
  const talk = async (conversationId: string) => {
    const turns = Array.from({ length: TURNS_EACH }, (_, index) =>
      goOn(instances[index % 2]!, conversationId, `question ${index}`),
    );
    const sweeps = instances.map(sweepNow);
    const replies = await Promise.all(turns);
    for (const { status } of await Promise.all(sweeps)) expect(status).toBe(200);
    return replies;
  };
  const replies = await Promise.all(begun.map(({ conversation_id }) => talk(conversation_id)));
  for (const [index, first] of begun.entries()) {
    const inOrder = [first, ...replies[index]!].toSorted((a, b) => a.seq! - b.seq!);
    await expectArchived(
      first.conversation_id,
      inOrder.map(({ turn_id }) => turn_id),
    );
  }
});

it('lets one instance answer from the archive what the other had in a lost Redis', async () => {
  const first = await begin(one);
  await expectArchived(first.conversation_id, [first.turn_id]);
  await client.flushall();
  const [second, third] = await Promise.all(
    instances.map((instance) => goOn(instance, first.conversation_id)),
  );
  const inOrder = [second!, third!].toSorted((a, b) => a.seq! - b.seq!);
  await expectArchived(first.conversation_id, [
    first.turn_id,
    ...inOrder.map(({ turn_id }) => turn_id),
  ]);
});

it('saves what the other instance left when it was stopped', async () => {
  const first = await begin(other);
  await other.stop();
  const second = await goOn(one, first.conversation_id);
  await expectArchived(first.conversation_id, [first.turn_id, second.turn_id]);
});

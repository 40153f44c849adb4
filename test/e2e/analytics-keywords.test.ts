import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TopicDto } from '../../src/analytics/analytics.dto.js';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { aKey } from '../support/encryption.js';
import { expectProblem } from '../support/problem.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = 'dist/src/sync/keys-rotate.cli.js';
const [OLD, NEW] = [aKey('old'), aKey('new')];

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const counting = {
  ...stores,
  ...JWT_VARIABLES,
  ADMIN_TOKEN,
  ANALYTICS_TOPICS: 'keywords',
  ENCRYPTION_KEYS: OLD,
};
// The one makes the key, the other finds it.
const services = [await startService(counting), await startService(counting)];
const service = services[0]!;

async function say(user: number, query: string, about: object = {}, at = service) {
  const reply = await at.chat({ query, ...about }, bearer(await tokenOf(`user ${user}`)));
  expect(reply.status).toBe(200);
  return reply.body;
}

const ask = (path = '', at: Service = service) =>
  at.request<TopicDto[]>('GET', `/analytics/topics?by=keywords${path}`, {
    headers: bearer(ADMIN_TOKEN),
  });

async function topics(at?: Service): Promise<[string, number, number][]> {
  const { status, body } = await ask('', at);
  expect(status).toBe(200);
  return body.map(({ topic, turns, users }) => [topic, turns, users]);
}

const SAME = [
  'Do neural networks sleep?',
  'neural network',
  'Neural NETWORKS!',
  'A neural network?',
];

beforeAll(async () => {
  for (let user = 1; user <= 5; user++) {
    await say(user, SAME[user % SAME.length]!, {}, services[user % 2]);
  }
  await say(1, 'Is a neural network a graph?');
  // Four users are too few, however often they ask; a fifth who wants nothing kept does not count.
  for (let turn = 1; turn <= 12; turn++) await say(1 + (turn % 4), 'quantum gravity');
  await say(5, 'quantum gravity', { meta_params: { is_incognito: true } });
  await sweepNow(service);
});

describe('topics by keywords', () => {
  it('are the phrases that enough users share, on all instances and in all their forms', async () => {
    expect(await topics()).toEqual([[expect.stringMatching(/^neural networks?$/), 6, 5]]);
  });

  it('come as CSV, too', async () => {
    const { body } = await service.request<string>('GET', '/analytics/topics?by=keywords', {
      headers: { ...bearer(ADMIN_TOKEN), accept: 'text/csv' },
    });
    expect(body).toMatch(/^topic,turns,users\r\nneural networks?,6,5\r\n$/);
  });

  it('are kept as tokens and sealed phrases alone', async () => {
    const rows = await database.query<{ topic_tokens: string[]; topic_labels: string }>(
      'select topic_tokens, topic_labels from conversation_messages',
    );
    expect(rows).toHaveLength(18);
    for (const { topic_tokens: tokens, topic_labels: labels } of rows) {
      for (const token of tokens) expect(token).toMatch(/^-?\d+$/);
      expect(labels).not.toMatch(/neural|network|quantum|gravity|[[\]"]/i);
    }
    // Without the key nobody finds out what a token stands for by trying words.
    const other = await createDatabase();
    const foreign = await startService({ ...counting, DATABASE_URL: other.url });
    await say(1, 'quantum gravity', { meta_params: { durability: 'committed' } }, foreign);
    const [theirs] = await other.query<{ topic_tokens: string[] }>(
      'select topic_tokens from conversation_messages',
    );
    const ours = rows.flatMap(({ topic_tokens: tokens }) => tokens);
    for (const token of theirs!.topic_tokens) expect(ours).not.toContain(token);
  });

  it('go with the turn that they were taken from', async () => {
    const { conversation_id } = await say(6, 'A neural network again?', {
      meta_params: { durability: 'committed' },
    });
    expect((await topics())[0]!.slice(1)).toEqual([7, 6]);
    const headers = bearer(await tokenOf('user 6'));
    const path = `/conversations/${conversation_id}`;
    expect((await service.request('DELETE', path, { headers })).status).toBe(204);
    expect((await topics())[0]!.slice(1)).toEqual([6, 5]);
  });

  it('are counted on under the same tokens when the keys were rotated and the old one is gone', async () => {
    const env = { ...process.env, ...stores, ENCRYPTION_KEYS: `${NEW},${OLD}` };
    execFileSync(process.execPath, [TOOL], { cwd: PROJECT, env });
    const after = await startService({ ...counting, ENCRYPTION_KEYS: NEW });
    const committed = { meta_params: { durability: 'committed' } };
    await say(7, 'Which neural networks?', committed, after);
    expect((await topics(after))[0]!.slice(1)).toEqual([7, 6]);
  });

  it('are left out where their key is missing, and the others are shown', async () => {
    await database.query(`update conversation_messages set topic_labels = 'AAAA' || topic_labels`);
    const reply = await ask();
    expect([reply.status, reply.body]).toEqual([200, []]);
  });

  it('are neither taken nor shown where nobody chose to', async () => {
    const { ANALYTICS_TOPICS: _, ...variables } = counting;
    const plain = await startService(variables);
    const { turn_id } = await say(
      1,
      'neural network',
      { meta_params: { durability: 'committed' } },
      plain,
    );
    const rows = await database.query<{ topic_tokens: string[] | null }>(
      'select topic_tokens from conversation_messages where id = $1',
      [turn_id],
    );
    expect(rows).toEqual([{ topic_tokens: null }]);
    expectProblem(await ask('', plain), 409, 'not_in_this_mode');
  });
});

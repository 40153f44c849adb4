import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import { everyRow, rowCounts } from '../support/archive-contents.js';
import { startChildService } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { httpClient, type RequestOptions } from '../support/http-client.js';
import { LlmStub } from '../support/llm-stub.mjs';
import { contentKeys, everythingIn, redisClient } from '../support/redis-contents.js';
import { watchRedis } from '../support/redis-monitor.js';
import { type OpenApiDocument, type Route, routesOf } from '../support/contract.js';
import { createDatabase, createRedis } from '../support/stores.js';

// One for each place that a caller can write to. None may be found anywhere but in the answer itself.
const place = (name: string) => `canary-${name}-8f3e`;
const CANARY = /canary-[a-z]+-8f3e/;
// A caller that names its request wants to find it in the log: that name alone is kept there.
const REQUEST_ID = 'request-id-of-the-caller-8f3e';
const IN_KEPT_TURN = 'control-8f3e';

const engine = await new LlmStub().start();
afterAll(() => engine.stop());

const INCOGNITO = {
  query: `What is ${place('question')}?`,
  meta_params: { is_incognito: true },
  history: [{ question: place('earlier'), answer: place('answered'), sources: [place('source')] }],
  metadata: { course: place('metadata'), [place('key')]: 1 },
};
const HEADERS = {
  'x-request-id': REQUEST_ID,
  'idempotency-key': place('idempotency'),
  'user-agent': place('agent'),
  'last-event-id': place('event'),
  cookie: `session=${place('cookie')}`,
  referer: `http://example.org/${place('referer')}`,
  origin: `http://${place('origin')}.example.org`,
  'x-forwarded-for': place('forwarded'),
};
const UNKNOWN_ID = '5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';

/** Ways to ask a route for something, with canaries wherever it reads or might read. */
function requestsTo({ path, query, body }: Route): (RequestOptions & { path: string })[] {
  const named = path.replace(/\{[^}]+\}/g, place('path'));
  const search = [...query, 'q'].map((name) => `${name}=${place('search')}`).join('&');
  const known = path.replace(/\{[^}]+\}/g, UNKNOWN_ID);
  const bodies: unknown[] = body
    ? [
        INCOGNITO,
        { ...INCOGNITO, [place('field')]: 1 },
        { ...INCOGNITO, query: `${place('nul')}\0` },
        `{"query":"${place('broken')}`,
        place('text'),
      ]
    : [undefined];
  return [named, known].flatMap((where) =>
    bodies.flatMap((each) => [
      { path: `${where}?${search}`, body: each, headers: HEADERS },
      { path: where, body: each, headers: { ...HEADERS, 'if-match': place('match') } },
      {
        path: where,
        body: each,
        headers: { ...HEADERS, authorization: `Bearer ${place('token')}` },
      },
      { path: where, body: each, headers: { ...HEADERS, authorization: `Bearer ${ADMIN_TOKEN}` } },
      { path: where, body: each, headers: { ...HEADERS, 'content-type': `text/${place('type')}` } },
    ]),
  );
}

async function start(mode: string) {
  const redis = await createRedis();
  const database = await createDatabase();
  const monitor = await watchRedis(redis.url);
  const service = await startChildService({
    HISTORY_MODE: mode,
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    ADMIN_TOKEN,
    LOG_LEVEL: 'trace',
    ANSWER_ENGINE: 'openai',
    OPENAI_BASE_URL: engine.baseUrl,
    OPENAI_MODEL: 'fake',
  });
  return {
    ...service,
    ...httpClient(service.url),
    database,
    monitor,
    client: redisClient(redis.url),
  };
}

type Place = Awaited<ReturnType<typeof start>>;

/** Which keys and how many rows there are, but for the ticket of whoever asked for an id that names nothing. */
async function contents({ client, database }: Place) {
  const keys = await contentKeys(client);
  return { keys: keys.filter((key) => !key.includes(UNKNOWN_ID)), rows: await rowCounts(database) };
}

/** Where something of a turn could be left, by name. */
async function traces(service: Place) {
  const { database, monitor, client } = service;
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return {
    'what Redis was told': await monitor.commands(),
    'what Redis has': await everythingIn(client),
    'what Postgres has': await everyRow(database),
    'the log': service.output(),
    'the metrics': (await service.request<string>('GET', '/metrics', { headers })).body,
  };
}

const KEEPS: [mode: string, keeps: (keyof Awaited<ReturnType<typeof traces>>)[]][] = [
  ['hybrid', ['what Redis was told', 'what Redis has', 'what Postgres has']],
  ['redis', ['what Redis was told', 'what Redis has']],
  ['database', ['what Postgres has']],
  ['client', []],
];

describe.each(KEEPS)('in HISTORY_MODE=%s', (mode, keeps) => {
  let service: Place;
  beforeAll(async () => {
    service = await start(mode);
  });

  it('an incognito turn leaves nothing anywhere, by whatever route and however it fails', async () => {
    const { body: document } = await service.request<OpenApiDocument>('GET', '/docs-json');
    // The first question of all brings the papers into their table.
    await service.chat({ query: 'What is attention?', meta_params: { is_incognito: true } });
    const before = await contents(service);

    const routes = routesOf(document);
    expect(routes.map(({ path }) => path)).toContain('/chat/basic');
    let answered = 0;
    const errors: string[] = [];
    for (const route of [...routes, { method: 'GET', path: '/{nowhere}', query: [], body: null }]) {
      for (const { path, ...options } of requestsTo(route as Route)) {
        engine.next({ kind: 'text', text: `It is ${place('answer')} [1].` });
        const reply = await service.request<unknown>(route.method, path, options);
        const said = JSON.stringify([reply.body, [...reply.headers]]);
        if (reply.status === 200 && said.includes(place('answer'))) answered++;
        else errors.push(said);
        engine.reset();
      }
    }
    expect(answered).toBeGreaterThan(0);
    expect(errors.length).toBeGreaterThan(answered);
    // The name of a field that is not known is said, so that its caller can find it.
    for (const said of errors) expect(said.replaceAll(place('field'), '')).not.toMatch(CANARY);
    for (const behaviour of [{ kind: 'status', status: 400 }, { kind: 'drop' }] as const) {
      engine.next(behaviour, behaviour, behaviour);
      const reply = await service.chat<unknown>(INCOGNITO, HEADERS);
      expect(reply.status).toBe(502);
      expect(JSON.stringify(reply.body)).not.toMatch(CANARY);
      engine.reset();
    }

    expect(await contents(service)).toEqual(before);
    for (const [where, content] of Object.entries(await traces(service))) {
      expect({ where, found: CANARY.exec(content)?.[0] }).toEqual({ where, found: undefined });
      const isLog = where === 'the log';
      expect({ where, isThere: content.includes(REQUEST_ID) }).toEqual({ where, isThere: isLog });
    }
  });

  it('a turn that is kept is found where it is kept, by the same means', async () => {
    const kept = { query: `What is ${IN_KEPT_TURN}?`, metadata: { course: IN_KEPT_TURN } };
    expect((await service.chat(kept, { 'idempotency-key': IN_KEPT_TURN })).status).toBe(200);
    await eventually(async () => {
      const all = Object.entries(await traces(service));
      const found = all.filter(([, content]) => content.includes(IN_KEPT_TURN));
      expect(found.map(([where]) => where)).toEqual(keeps);
    });
  });
});

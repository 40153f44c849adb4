import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import type { Reply } from '../support/http-client.js';
import { documentedRoutes, nameOf, type Route, servedRoutes } from '../support/routes.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, inSeconds, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

type Class = 'public' | 'user' | 'admin' | 'metrics';

// A route that none of these knows fails the test: whoever adds one says here for whom it is.
const CLASSES: [begin: string, kind: Class][] = [
  ['/health', 'public'],
  ['/chat/', 'user'],
  ['/conversations', 'user'],
  ['/me/', 'user'],
  ['/admin/', 'admin'],
  ['/analytics/', 'admin'],
  ['/metrics', 'metrics'],
];

// What the routes with a body take; one that is not here fails the test.
const BODIES: Record<string, (conversationId: string) => object> = {
  'POST /chat/basic': (conversation_id) => ({ query: 'And?', meta_params: { conversation_id } }),
  'POST /chat/stream': (conversation_id) => ({ query: 'And?', meta_params: { conversation_id } }),
  'POST /chat/stop': (conversation_id) => ({ conversation_id }),
};

const CANARY = 'canary-4711';
const tokens = {
  nobody: null,
  owner: await tokenOf('owner'),
  other: await tokenOf('other'),
  admin: await tokenOf('admin', { scope: 'openid admin' }),
  adminToken: ADMIN_TOKEN,
  expired: await tokenOf('owner', { exp: inSeconds(-60) }),
  expiredAdmin: await tokenOf('admin', { exp: inSeconds(-60), roles: ['admin'] }),
};
type As = keyof typeof tokens;
const EVERYBODY = Object.keys(tokens) as As[];

const REFUSED: Record<Class, Partial<Record<As, 401 | 403>>> = {
  public: {},
  user: { nobody: 401, adminToken: 401, expired: 401, expiredAdmin: 401 },
  admin: { nobody: 401, owner: 403, other: 403, expired: 401, expiredAdmin: 401 },
  metrics: { nobody: 401, owner: 403, other: 403, expired: 401, expiredAdmin: 401 },
};

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const variables = { ...stores, ...JWT_VARIABLES, ADMIN_TOKEN, SYNC_INTERVAL: '43200' };
const service = await startService(variables);
const unsyncing = await startService({ ...variables, AUTO_SYNC_TO_DB: 'false' });
const routes = await documentedRoutes(service);

const classOf = ({ path }: Route) => CLASSES.find(([begin]) => path.startsWith(begin))?.[1];
const isOf = (kind: Class) => (route: Route) => classOf(route) === kind;

interface Target {
  readonly conversationId: string;
  readonly turnId: string;
}

const newTarget = (): Target => ({ conversationId: randomUUID(), turnId: randomUUID() });

/** Sends a well-formed request to a route. */
function send(at: typeof service, route: Route, as: As, target: Target): Promise<Reply<unknown>> {
  const parameters: Record<string, string> = {
    id: target.conversationId,
    conversation_id: target.conversationId,
    turn_id: target.turnId,
    turnId: target.turnId,
  };
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    expect(parameters, `a value for {${name}}`).toHaveProperty(name);
    return parameters[name]!;
  });
  const body = BODIES[nameOf(route)]?.(target.conversationId);
  if (route.takesBody) expect(body, `a body for ${nameOf(route)}`).toBeDefined();
  const token = tokens[as];
  return at.request(route.method, path, {
    ...(token !== null && { headers: bearer(token) }),
    ...(body && { body }),
  });
}

const namesConversation = (route: Route) =>
  /\{(id|conversation_id)\}/.test(route.path) || nameOf(route) in BODIES;

/** The owner's conversation as a foreign caller may meet it. */
const meetings: [where: string, at: typeof service, make: () => Promise<Target>][] = [
  ['in Redis', service, () => begin(service)],
  ['in Postgres alone', service, () => beginAndEnd(service)],
  ['in Redis alone', unsyncing, () => begin(unsyncing)],
];

async function begin(at: typeof service): Promise<Target> {
  const { status, body } = await at.chat({ query: CANARY }, bearer(tokens.owner));
  expect(status).toBe(200);
  return { conversationId: body.conversation_id!, turnId: body.turn_id! };
}

async function beginAndEnd(at: typeof service): Promise<Target> {
  const target = await begin(at);
  const headers = bearer(tokens.owner);
  const path = `/conversations/${target.conversationId}/end`;
  expect((await at.request('POST', path, { headers })).status).toBe(200);
  return target;
}

/** All of a reply that may not depend on whether the conversation exists. */
function comparable({ status, headers, body }: Reply<unknown>) {
  const { 'x-request-id': id, date, ...rest } = Object.fromEntries(headers);
  expect(id).toMatch(/./);
  expect(date).toMatch(/./);
  const { instance: _, ...problem } = body as Record<string, unknown>;
  return { status, headers: rest, body: JSON.stringify(problem) };
}

function expectRefusal(reply: Reply<unknown>, as: As, status: 401 | 403): void {
  const code = { 401: 'unauthenticated', 403: 'forbidden' }[status];
  expect(reply).toMatchObject({ status, body: { status, code } });
  const error = as === 'nobody' ? '' : ' error="invalid_token"';
  expect(reply.headers.get('www-authenticate')).toBe(status === 401 ? `Bearer${error}` : null);
}

/** Whatever else is the matter with the request, the caller was let in. */
function expectLetIn(reply: Reply<unknown>): void {
  expect(reply.status).toBeLessThan(500);
  expect([401, 403, 429]).not.toContain(reply.status);
}

describe('the routes', () => {
  it('are all in the document, and for somebody', () => {
    const documented = new Set(routes.map(nameOf));
    for (const served of servedRoutes(service)) {
      // The page that shows the document, and what HTTP answers for each GET.
      if (/^(GET|HEAD) \/docs(-json|-yaml|\/.*)?$/.test(served)) continue;
      expect(documented).toContain(served.replace(/^HEAD/, 'GET'));
    }
    expect(routes.length).toBeGreaterThan(10);
    for (const route of routes) expect(classOf(route), nameOf(route)).toBeDefined();
  });

  it('say in the document for which of them no token is needed', async () => {
    const { body } = await service.request<{
      security: object[];
      paths: Record<string, Record<string, { security?: object[]; responses: object }>>;
    }>('GET', '/docs-json');
    expect(body.security).toEqual([{ bearer: [] }]);
    for (const route of routes) {
      const { security, responses } = body.paths[route.path]![route.method.toLowerCase()]!;
      const open = security?.some((each) => Object.keys(each).length === 0) ?? false;
      expect(open, nameOf(route)).toBe(classOf(route) === 'public');
      const codes = Object.keys(responses);
      if (!open) expect(codes, nameOf(route)).toEqual(expect.arrayContaining(['401', '429']));
    }
  });
});

describe.each(routes.map((route): [string, Route] => [nameOf(route), route]))('%s', (_, route) => {
  const refused = REFUSED[classOf(route) ?? 'user'];

  it.each(EVERYBODY)(`asked by %s`, async (as) => {
    const status = refused[as];
    const reply = await send(service, route, as, newTarget());
    if (!status) return expectLetIn(reply);
    expectRefusal(reply, as, status);
    if (route.method !== 'GET') return undefined;
    const head = await send(service, { ...route, method: 'HEAD' }, as, newTarget());
    return expect(head.status).toBe(status);
  });
});

describe.each(meetings)('a conversation %s', (_, at, make) => {
  it.each(routes.filter(isOf('user')).map((route): [string, Route] => [nameOf(route), route]))(
    'is its owner’s alone: %s',
    async (_name, route) => {
      const target = await make();
      for (const as of EVERYBODY.filter((each) => each !== 'owner')) {
        const reply = await send(at, route, as, target);
        const text = JSON.stringify(reply.body);
        expect(text).not.toContain(CANARY);
        expect(text).not.toContain(target.conversationId);
        const status = REFUSED.user[as];
        if (status) expectRefusal(reply, as, status);
        else if (!namesConversation(route)) expectLetIn(reply);
        else {
          expect(reply.status).toBe(404);
          const missing = await send(at, route, as, newTarget());
          expect(comparable(reply)).toEqual(comparable(missing));
        }
      }
      // Nothing that they did has done anything to it.
      const query = {
        query: 'Still there?',
        meta_params: { conversation_id: target.conversationId },
      };
      const still = await at.chat(query, bearer(tokens.owner));
      expect(still).toMatchObject({ status: 200, body: { seq: 2 } });
      const own = await send(at, route, 'owner', target);
      expectLetIn(own);
      expect(own.status).toBeLessThan(300);
    },
  );
});

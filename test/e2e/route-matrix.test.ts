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
  'PATCH /conversations/{id}': () => ({ title: 'Renamed' }),
  'POST /chat/stop': (conversation_id) => ({ conversation_id }),
};

// What the routes need behind the question mark.
const QUERIES: Record<string, string> = { 'GET /conversations/search': '?q=canary' };

// For people: not in the document, which is for programs.
const PAGES = ['GET /', 'GET /admin', 'GET /pages/{folder}/{file}'];

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

const NO_TOKEN = '401 unauthenticated Bearer';
const BAD_TOKEN = '401 unauthenticated Bearer error="invalid_token"';
const FORBIDDEN = '403 forbidden';
const NOT_FOUND = '404 conversation_not_found';
const LET_IN = 'let in';

// Who is not let in; an expired token of an administrator is one of nobody.
const EXPIRED = { nobody: NO_TOKEN, expired: BAD_TOKEN, expiredAdmin: BAD_TOKEN };
const USERS = { owner: FORBIDDEN, other: FORBIDDEN };
const REFUSED: Record<Class, Partial<Record<As, string>>> = {
  public: {},
  user: { ...EXPIRED, adminToken: BAD_TOKEN },
  admin: { ...EXPIRED, ...USERS },
  metrics: { ...EXPIRED, ...USERS },
};

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const variables = { ...stores, ...JWT_VARIABLES, ADMIN_TOKEN, SYNC_INTERVAL: '43200' };
const service = await startService(variables);
const unsyncing = await startService({ ...variables, AUTO_SYNC_TO_DB: 'false' });
const routes = await documentedRoutes(service);

/** undefined: nobody has said for whom it is. */
const classOf = ({ path }: Route) => CLASSES.find(([begin]) => path.startsWith(begin))?.[1];
const userRoutes = routes.filter((route) => classOf(route) === 'user');

const namesConversation = (route: Route) =>
  /\{(id|conversation_id)\}/.test(route.path) || nameOf(route) in BODIES;

/** What a route answers to somebody whose conversation it is not. */
const foreignOutcome = (route: Route, as: As): string =>
  REFUSED[classOf(route) ?? 'user'][as] ?? (namesConversation(route) ? NOT_FOUND : LET_IN);

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
    const value = parameters[name];
    if (value === undefined) throw new Error(`${nameOf(route)}: say what {${name}} stands for`);
    return value;
  });
  const body = BODIES[nameOf(route)]?.(target.conversationId);
  if (route.takesBody && !body) throw new Error(`${nameOf(route)}: say what it takes`);
  const token = tokens[as];
  const query = QUERIES[nameOf(route)] ?? '';
  return at.request(route.method, path + query, {
    ...(token !== null && { headers: bearer(token) }),
    ...(body && { body }),
  });
}

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

/** How the caller fared: whatever else is the matter with the request, it was refused or let in. */
function outcomeOf({ status, headers, body }: Reply<unknown>): string {
  const code = (body as { code?: string }).code ?? '';
  const said = [status, code, headers.get('www-authenticate') ?? ''].join(' ').trim();
  const isRefused = [401, 403, 429].includes(status) || status >= 500 || said === NOT_FOUND;
  return isRefused ? said : LET_IN;
}

const named = (some: readonly Route[]) =>
  some.map((route): [name: string, route: Route] => [nameOf(route), route]);

describe('the routes', () => {
  it('are all in the document, and for somebody', () => {
    const documented = new Set(routes.map(nameOf));
    // But for the page that shows the document. HTTP answers HEAD for each GET.
    const others = servedRoutes(service)
      .map((served) => served.replace(/^HEAD/, 'GET'))
      .filter((served) => !/^GET \/docs(-json|-yaml|\/.*)?$/.test(served))
      .filter((served) => !documented.has(served));
    expect(new Set(others)).toEqual(new Set(PAGES));
    expect(routes.length).toBeGreaterThan(10);
    expect(routes.filter((route) => !classOf(route)).map(nameOf)).toEqual([]);
  });

  it('say in the document whether they need a token, and what is answered without', async () => {
    const { body } = await service.request<{
      security: object[];
      paths: Record<string, Record<string, { security?: object[]; responses: object }>>;
    }>('GET', '/docs-json');
    expect(body.security).toEqual([{ bearer: [] }]);
    const operation = ({ path, method }: Route) => body.paths[path]![method.toLowerCase()]!;
    const isOpen = (route: Route) =>
      operation(route).security?.some((each) => Object.keys(each).length === 0) ?? false;
    const tellsRefusals = (route: Route) =>
      ['401', '429'].every((status) => status in operation(route).responses);
    const isPublic = (route: Route) => classOf(route) === 'public';
    expect(routes.filter(isOpen)).toEqual(routes.filter(isPublic));
    expect(routes.filter((route) => !isPublic(route) && !tellsRefusals(route))).toEqual([]);
  });
});

describe.each(named(routes))('%s', (_, route) => {
  it.each(EVERYBODY)('asked by %s', async (as) => {
    const reply = await send(service, route, as, newTarget());
    expect(outcomeOf(reply)).toBe(foreignOutcome(route, as));
  });
});

describe.each(PAGES)('the page %s', (name) => {
  it.each(EVERYBODY)('is shown to %s, and is the same for everybody', async (as) => {
    const path = name.replace('GET ', '').replace('{folder}/{file}', 'shared/base.css');
    const route = { method: 'GET', path, takesBody: false };
    const [shown, forNobody] = await Promise.all(
      [as, 'nobody' as const].map((each) => send(service, route, each, newTarget())),
    );
    expect(shown!.status).toBe(200);
    expect(shown!.body).toBe(forNobody!.body);
  });
});

describe.each(named(routes.filter(({ method }) => method === 'GET')))('HEAD for %s', (_, route) => {
  const refused = EVERYBODY.filter((as) => foreignOutcome(route, as) !== LET_IN);

  it('is refused to whom it is refused', async () => {
    for (const as of refused) {
      const head = await send(service, { ...route, method: 'HEAD' }, as, newTarget());
      expect(head.status).toBe(Number.parseInt(foreignOutcome(route, as), 10));
    }
  });
});

describe.each(meetings)('a conversation %s', (_, at, make) => {
  const foreigners = EVERYBODY.filter((as) => as !== 'owner');

  it.each(named(userRoutes))('is its owner’s alone: %s', async (_name, route) => {
    const target = await make();
    for (const as of foreigners) {
      const reply = await send(at, route, as, target);
      expect(outcomeOf(reply)).toBe(foreignOutcome(route, as));
      const text = JSON.stringify(reply.body);
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(target.conversationId);
    }
    // Nothing that they did has done anything to it.
    const meta_params = { conversation_id: target.conversationId };
    const still = await at.chat({ query: 'Still there?', meta_params }, bearer(tokens.owner));
    expect(still).toMatchObject({ status: 200, body: { seq: 2 } });
    const own = await send(at, route, 'owner', target);
    expect(own.status).toBeLessThan(300);
  });

  it.each(named(userRoutes.filter(namesConversation)))(
    'looks like a missing one to others: %s',
    async (_name, route) => {
      const target = await make();
      for (const as of foreigners) {
        const foreign = await send(at, route, as, target);
        const missing = await send(at, route, as, newTarget());
        expect(comparable(foreign)).toEqual(comparable(missing));
      }
    },
  );
});

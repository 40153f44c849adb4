import { describe, expect, it } from 'vitest';
import { rawRequest } from '../support/raw-request.js';
import { startService } from '../support/service.js';

const ALLOWED = 'https://app.example.org';
const QUERY = { query: 'What is attention?' };
const MODE = { HISTORY_MODE: 'client' };

const closed = await startService(MODE);
const open = await startService({ ...MODE, CORS_ORIGINS: `${ALLOWED}, http://localhost:5173` });

const get = (path: string) => closed.request<string>('GET', path);

function expectSecure(headers: Headers): void {
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(headers.get('cache-control')).toContain('no-store');
  for (const name of ['server', 'x-powered-by', 'strict-transport-security']) {
    expect(headers.get(name)).toBeNull();
  }
}

describe('every reply is secured', () => {
  it('be it an answer', async () => {
    const { status, headers } = await closed.chat(QUERY);
    expect(status).toBe(200);
    expectSecure(headers);
  });

  it.each(['/health', '/health/live', '/health/sessions', '/metrics', '/docs-json', '/nowhere'])(
    'be it %s',
    async (path) => expectSecure((await get(path)).headers),
  );

  it('be it an error of our own or of the framework', async () => {
    expectSecure((await closed.chat({ query: '' })).headers);
    expectSecure((await closed.chat('no JSON')).headers);
    expectSecure((await closed.chat(' '.repeat(300_000))).headers);
    expectSecure((await rawRequest(closed.url, 'GET /%zz', [])).headers);
    expectSecure(
      (await rawRequest(closed.url, `GET /conversations/${'x'.repeat(200)}`, [])).headers,
    );
  });
});

describe('a page of another origin', () => {
  const preflight = (url: string, origin: string, method = 'POST') =>
    fetch(`${url}/chat/basic`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method },
    });

  it('gets nothing where no origin is allowed', async () => {
    const reply = await preflight(closed.url, ALLOWED);
    expect(reply.status).toBe(404);
    const { headers } = await closed.chat(QUERY, { origin: ALLOWED });
    for (const each of [reply.headers, headers]) {
      expect([...each.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });

  it.each([ALLOWED, 'http://localhost:5173'])('may ask when it is %s', async (origin) => {
    const { status, headers } = await preflight(open.url, origin);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PATCH, DELETE');
    expect(headers.get('access-control-allow-headers')).toMatch(/Authorization.*If-Match/);
    expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
    expect(headers.get('x-request-id')).toMatch(/./);
    expect(headers.get('vary')).toContain('Origin');
  });

  it('may read its answer, with the headers that it needs, and without cookies', async () => {
    const { status, headers } = await open.chat(QUERY, { origin: ALLOWED });
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(ALLOWED);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const exposed = headers.get('access-control-expose-headers')!.toLowerCase().split(', ');
    expect(exposed).toEqual(
      expect.arrayContaining(['x-request-id', 'etag', 'idempotency-replayed', 'retry-after']),
    );
  });

  it('may read the error that it gets', async () => {
    const { headers } = await open.chat('no JSON', { origin: ALLOWED });
    expect(headers.get('access-control-allow-origin')).toBe(ALLOWED);
  });

  it.each([
    'https://evil.example.org',
    'https://app.example.org.evil.org',
    'http://app.example.org',
    'https://app.example.org:8443',
    'https://APP.example.org',
    'null',
  ])('is refused by its browser when it is %s', async (origin) => {
    const preflighted = await preflight(open.url, origin);
    expect(preflighted.headers.get('access-control-allow-origin')).toBeNull();
    const { headers } = await open.chat(QUERY, { origin });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    // So that no cache on the way serves this reply to an origin that is allowed, or the other way round.
    expect(headers.get('vary')).toContain('Origin');
  });

  it('is not counted for its preflights', async () => {
    const limited = await startService({ ...MODE, CORS_ORIGINS: ALLOWED, CHAT_RATE_LIMIT: '1' });
    for (let turn = 0; turn < 5; turn++) {
      expect((await preflight(limited.url, ALLOWED)).status).toBe(204);
    }
    expect((await limited.chat(QUERY)).status).toBe(200);
    const { status, headers } = await limited.chat(QUERY, { origin: ALLOWED });
    expect(status).toBe(429);
    expect(headers.get('access-control-expose-headers')).toMatch(/Retry-After/i);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('the pages', () => {
  it.each(['/', '/admin', '/pages/chat/main.js', '/pages/shared/chart.js'])(
    '%s may run its own scripts alone, and is asked for anew each time',
    async (path) => {
      const { status, headers } = await get(path);
      expect(status).toBe(200);
      const policy = headers.get('content-security-policy')!;
      expect(policy).toMatch(/^default-src 'none';script-src 'self';style-src 'self';/);
      expect(policy).not.toContain('unsafe');
      expect(policy).not.toContain('upgrade-insecure-requests');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toBe('no-cache');
      const known = { 'if-none-match': headers.get('etag')! };
      expect((await closed.request('GET', path, { headers: known })).status).toBe(304);
    },
  );

  it.each(['/', '/admin'])('%s has nothing inline, and nothing from elsewhere', async (path) => {
    const { body } = await get(path);
    expect(body).not.toMatch(/<script(?![^>]*src=)|<style|\s(?:style|on\w+)=/i);
    const addresses = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    expect(addresses.length).toBeGreaterThan(4);
    for (const address of addresses.filter((each) => !each.startsWith('#'))) {
      expect(address).toMatch(/^\/(?!\/)/);
      expect((await get(address)).status).toBe(200);
    }
  });

  it.each([
    '/pages/',
    '/pages/shared/..%2f..%2fpackage.json',
    '/pages/shared/package.json',
    '/pages/%2e%2e/package.json',
    '/pages/shared/../tsconfig.json',
  ])('lead to no other file: %s', async (path) => {
    const reply = await rawRequest(closed.url, `GET ${path}`, []);
    expect(reply.status).toBe(404);
  });
});

describe('the page of the contract', () => {
  const PRODUCTION = { ...MODE, NODE_ENV: 'production', AUTH_MODE: 'none' };

  it('runs its own scripts and nothing else', async () => {
    const reply = await get('/docs');
    expect(reply.status).toBe(200);
    const policy = reply.headers.get('content-security-policy')!;
    expect(policy).toContain("script-src 'self';");
    // It is served over http as well.
    expect(policy).not.toContain('upgrade-insecure-requests');
    const scripts = [...reply.body.matchAll(/<script([^>]*)>([^<]*)</g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes, inline] of scripts) {
      expect(inline!.trim()).toBe('');
      const path = new URL(/src="([^"]+)"/.exec(attributes!)![1]!, `${closed.url}/docs`).pathname;
      expect((await get(path)).status).toBe(200);
    }
  });

  it.each(['/docs', '/docs/', '/docs-json', '/docs-yaml', '/docs/swagger-ui.css'])(
    '%s is not there in production unless it is asked for',
    async (path) => {
      const production = await startService(PRODUCTION);
      expect((await production.request('GET', path)).status).toBe(404);
      const asked = await startService({ ...PRODUCTION, DOCS: 'true' });
      expect((await asked.request('GET', path)).status).toBe(200);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import { startChildService } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { type HttpClient, httpClient } from '../support/http-client.js';
import { signedBy, signingKey, TestKeyServer } from '../support/key-server.js';
import { expectProblem } from '../support/problem.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, inSeconds, JWT_SECRET, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const TURN = { query: 'What is attention?' };
const CLIENT = { HISTORY_MODE: 'client' };
const key = await signingKey('supabase');
const user = await tokenOf('anna');
const admin = await tokenOf('root', { roles: ['admin'] });

/** What asking for an admin route gives: 409 says that the caller was let in, and the mode has no such thing. */
async function statusOf(service: HttpClient, path: string, token?: string) {
  const headers = token === undefined ? {} : bearer(token);
  return (await service.request('GET', path, { headers })).status;
}
const GOOD = 200;
const IN = 409;
const modes: [what: string, Record<string, string>, Record<string, [number, number]>][] = [
  [
    'neither ADMIN_TOKEN nor AUTH_MODE=jwt',
    {},
    { '': [403, GOOD], [user]: [403, GOOD], [admin]: [403, GOOD], [ADMIN_TOKEN]: [403, GOOD] },
  ],
  [
    'an ADMIN_TOKEN',
    { ADMIN_TOKEN },
    { '': [401, 401], [user]: [401, 401], [admin]: [401, 401], [ADMIN_TOKEN]: [IN, GOOD] },
  ],
  [
    'AUTH_MODE=jwt',
    JWT_VARIABLES,
    { '': [401, GOOD], [user]: [403, GOOD], [admin]: [IN, GOOD], [ADMIN_TOKEN]: [401, GOOD] },
  ],
  [
    'both',
    { ...JWT_VARIABLES, ADMIN_TOKEN },
    { '': [401, 401], [user]: [403, 403], [admin]: [IN, GOOD], [ADMIN_TOKEN]: [IN, GOOD] },
  ],
];

describe.each(modes)('with %s', async (_, variables, expected) => {
  const service = await startService({ ...CLIENT, ...variables });
  const names: Record<string, string> = {
    '': 'no token',
    [user]: 'a user’s token',
    [admin]: 'an administrator’s token',
    [ADMIN_TOKEN]: 'the ADMIN_TOKEN',
  };

  it.each(Object.entries(expected).map(([token, statuses]) => [names[token], token, statuses]))(
    'admin routes and metrics answer %s as the contract says',
    async (_name, token, statuses) => {
      const given = token === '' ? undefined : String(token);
      const got = [
        await statusOf(service, '/admin/verify', given),
        await statusOf(service, '/metrics', given),
      ];
      expect(got).toEqual(statuses);
    },
  );
});

describe('AUTH_MODE=none', async () => {
  const service = await startService({ ...CLIENT, ADMIN_TOKEN });

  it.each([user, 'x', ADMIN_TOKEN])(
    'takes no notice of a token on a user’s route',
    async (token) => {
      expect((await service.chat(TURN, bearer(token))).status).toBe(200);
    },
  );
});

describe('AUTH_MODE=jwt with SUPABASE_URL', async () => {
  const supabase = await TestKeyServer.start(key);
  const issuer = `${supabase.origin}/auth/v1`;
  const claims = { sub: 'anna', iss: issuer, aud: 'authenticated', role: 'authenticated' };
  const service = await startService({
    ...CLIENT,
    AUTH_MODE: 'jwt',
    SUPABASE_URL: `${supabase.origin}/`,
    SUPABASE_JWT_SECRET: JWT_SECRET,
  });
  const statusFor = async (token: string) => (await service.chat(TURN, bearer(token))).status;

  it('takes a user’s token, signed with the project’s key or its legacy secret', async () => {
    expect(await statusFor(await signedBy(key, claims))).toBe(200);
    expect(await statusFor(await tokenOf('anna', claims))).toBe(200);
    expect(supabase.paths).toEqual(['/auth/v1/.well-known/jwks.json']);
  });

  it('takes no token of another project', async () => {
    expect(await statusFor(await signedBy(key, { ...claims, iss: `${issuer}/` }))).toBe(401);
    expect(await statusFor(await signedBy(key, { sub: 'anna' }))).toBe(401);
  });

  it.each(['anon', 'service_role'])('takes no key for a user: %s', async (role) => {
    for (const sub of [undefined, 'anna']) {
      const key_ = { ...claims, sub, role, exp: inSeconds(1e8) };
      expect(await statusFor(await tokenOf('anna', { ...key_, iss: 'supabase' }))).toBe(401);
      expect(await statusFor(await signedBy(key, key_))).toBe(401);
    }
  });
});

describe('while the key server is away', async () => {
  const server = await TestKeyServer.start(key);
  const JWKS_URL = server.url;
  const early = await startService({ ...CLIENT, ...JWT_VARIABLES, JWKS_URL });
  server.isAway = true;
  const late = await startService({ ...CLIENT, ...JWT_VARIABLES, JWKS_URL });
  const token = await signedBy(key, { sub: 'anna' });

  it('a caller with a key that was seen before goes on', async () => {
    expect((await early.chat(TURN, bearer(token))).status).toBe(200);
  });

  it('a caller whose key nobody can look up is told to come back, not to log in', async () => {
    const calls = server.calls;
    for (let tries = 0; tries < 3; tries++) {
      const reply = await late.chat(TURN, bearer(token));
      expect(expectProblem(reply, 503, 'identity_unavailable').retryable).toBe(true);
      expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
    }
    expect(server.calls).toBe(calls);
  });

  it('a token of the other source is checked as ever', async () => {
    expect((await late.chat(TURN, bearer(user))).status).toBe(200);
    expectProblem(await late.chat(TURN, bearer('x')), 401, 'unauthenticated');
  });
});

describe('ownership', async () => {
  const redis = await createRedis();
  const database = await createDatabase();
  const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
  const service = await startService({ ...stores, ...JWT_VARIABLES });
  const ben = await tokenOf('ben');

  it('keeps the Idempotency-Keys of users apart', async () => {
    const ask = (token: string) =>
      service.chat(TURN, { ...bearer(token), 'idempotency-key': 'the-same' });
    const first = await ask(user);
    const [again, other] = [await ask(user), await ask(ben)];
    expect(again.body.conversation_id).toBe(first.body.conversation_id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(other.body.conversation_id).not.toBe(first.body.conversation_id);
    expect(other.headers.get('idempotency-replayed')).toBeNull();
  });

  it('is of the user, whichever token says so', async () => {
    const begun = await service.chat(TURN, bearer(user));
    const later = await tokenOf('anna', { exp: inSeconds(60), scope: 'admin' });
    const meta_params = { conversation_id: begun.body.conversation_id };
    expect((await service.chat({ ...TURN, meta_params }, bearer(later))).body.seq).toBe(2);
    const foreign = await service.chat({ ...TURN, meta_params }, bearer(ben));
    expectProblem(foreign, 404, 'conversation_not_found');
    await eventually(async () => {
      const rows = await database.query(
        'select user_id from conversation_sessions where conversation_id = $1',
        [begun.body.conversation_id],
      );
      expect(rows).toEqual([{ user_id: 'anna' }]);
    });
  });

  it('stays with nobody for what began without identity', async () => {
    const open = await startService(stores);
    const { body } = await open.chat(TURN);
    const meta_params = { conversation_id: body.conversation_id };
    const taken = await service.chat({ ...TURN, meta_params }, bearer(user));
    expectProblem(taken, 404, 'conversation_not_found');
    expect((await open.chat({ ...TURN, meta_params })).body.seq).toBe(2);
  });
});

describe('the log', async () => {
  const child = await startChildService({ ...CLIENT, ...JWT_VARIABLES, LOG_LEVEL: 'trace' });
  const service = httpClient(child.url);

  it('says why a token was refused, and never what it was or whose', async () => {
    const sub = 'canary-of-a-user';
    const expired = await tokenOf(sub, { exp: inSeconds(-60) });
    const forged = (await tokenOf(sub)).replace(/.{4}$/, 'AAAA');
    const anon = await tokenOf(sub, { role: 'anon' });
    const good = await tokenOf(sub);
    for (const token of [expired, forged, anon]) {
      const reply = await service.chat(TURN, bearer(token));
      const problem = expectProblem(reply, 401, 'unauthenticated');
      expect(problem.detail).toBe('The token is not valid here, or not any more; get a new one.');
    }
    expect((await service.chat(TURN, bearer(good))).status).toBe(200);
    await eventually(() => {
      for (const reason of ['ERR_JWT_EXPIRED', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'role']) {
        expect(child.output()).toContain(`a token was refused: ${reason}`);
      }
    });
    expect(child.output()).not.toContain(sub);
    for (const token of [expired, forged, anon, good]) {
      const [, claims, signature] = token.split('.');
      expect(child.output()).not.toContain(claims);
      expect(child.output()).not.toContain(signature);
    }
  });
});

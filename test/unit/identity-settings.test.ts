import { describe, expect, it } from 'vitest';
import { Environment } from '../../src/config/environment.js';

const SECRET = 'uT3p9-x1Qf7_a0Lk5vZ8-c2Rw6eYb4Nh';
const JWT = { AUTH_MODE: 'jwt' };
const PRODUCTION = { NODE_ENV: 'production', ...JWT };
const SUPABASE_URL = 'https://abc.supabase.co';
const SUPABASE_KEYS = `${SUPABASE_URL}/auth/v1/.well-known/jwks.json`;

const jwtOf = (raw: Record<string, string>) => new Environment({ ...JWT, ...raw }).jwt;
const failure = (raw: Record<string, string>): string => {
  try {
    return `taken: ${new Environment(raw).host}`;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('AUTH_MODE=jwt', () => {
  it('needs a source of keys', () => {
    expect(failure(JWT)).toMatch(/^JWT_SECRET: got nothing, takes a secret, or set JWKS_URL/);
  });

  it('takes a secret of 32 bytes, under either name', () => {
    const settings = { secret: { value: SECRET, issuer: undefined }, keyServer: undefined };
    expect(jwtOf({ JWT_SECRET: SECRET })).toMatchObject(settings);
    expect(jwtOf({ SUPABASE_JWT_SECRET: SECRET })).toMatchObject(settings);
    expect(jwtOf({ JWT_SECRET: SECRET, SUPABASE_JWT_SECRET: SECRET })).toMatchObject(settings);
    expect(jwtOf({ JWT_SECRET: 'é'.repeat(16) })?.secret?.value).toHaveLength(16);
  });

  it('does not take two secrets, of which it would look at one', () => {
    const two = { ...JWT, JWT_SECRET: SECRET, SUPABASE_JWT_SECRET: `${SECRET}2` };
    const message = failure(two);
    expect(message).toMatch(
      /^SUPABASE_JWT_SECRET: got a second secret, takes what JWT_SECRET has$/,
    );
  });

  it.each([SUPABASE_URL, `${SUPABASE_URL}/`])('finds keys and issuer by %s', (url) => {
    const issuer = `${SUPABASE_URL}/auth/v1`;
    expect(jwtOf({ SUPABASE_URL: url })?.keyServer).toEqual({ url: SUPABASE_KEYS, issuer });
    const given = { SUPABASE_URL: url, JWT_ISSUER: 'me' };
    expect(jwtOf(given)?.keyServer).toEqual({ url: SUPABASE_KEYS, issuer: 'me' });
  });

  it('prefers JWKS_URL, and holds both sources to JWT_ISSUER and JWT_AUDIENCE', () => {
    const url = 'https://keys.example/jwks';
    const JWKS_URL = url;
    expect(jwtOf({ SUPABASE_URL, JWKS_URL })?.keyServer).toEqual({ url, issuer: undefined });
    const all = { JWKS_URL, JWT_SECRET: SECRET, JWT_ISSUER: 'me', JWT_AUDIENCE: 'us' };
    expect(jwtOf(all)).toEqual({
      secret: { value: SECRET, issuer: 'me' },
      keyServer: { url, issuer: 'me' },
      audience: 'us',
    });
  });
});

describe('production', () => {
  it.each(['https://keys.example/jwks', 'http://127.0.0.1:1/jwks', 'http://localhost/jwks'])(
    'takes keys from %s',
    (url) => {
      const environment = new Environment({ ...PRODUCTION, JWKS_URL: url });
      expect(environment.jwt?.keyServer?.url).toBe(url);
    },
  );

  it.each(['http://keys.example/jwks', 'http://127.0.0.1.example/jwks', 'http://10.0.0.1/jwks'])(
    'takes no keys that somebody else may have written: %s',
    (url) => {
      for (const name of ['JWKS_URL', 'SUPABASE_URL']) {
        const message = failure({ ...PRODUCTION, [name]: url });
        expect(message).toBe(`${name}: got http://, takes https:// in production`);
      }
      expect(jwtOf({ JWKS_URL: url })?.keyServer?.url).toBe(url);
    },
  );

  it.each([
    'super-secret-jwt-token-with-at-least-32-characters-long',
    'your-super-secret-jwt-token-with-at-least-32-characters-long',
    'changeme-changeme-changeme-changeme',
    'ChangeMe12345678901234567890123456',
    'change-me-please-change-me-please-1',
    'secret-that-everybody-knows-by-now',
    'example_of_a_secret_with_32_characters',
    '00000000000000000000000000000000000',
    'abcdabcdabcdabcdabcdabcdabcdabcdabcd',
  ])('takes no secret that everybody knows: %s', (secret) => {
    for (const name of ['JWT_SECRET', 'SUPABASE_JWT_SECRET', 'ADMIN_TOKEN']) {
      const message = failure({ ...PRODUCTION, JWT_SECRET: SECRET, [name]: secret });
      expect(message).toMatch(new RegExp(`^${name}: got an example, takes one of your own`));
      expect(message).not.toContain(secret);
    }
    expect(jwtOf({ JWT_SECRET: secret })?.secret?.value).toBe(secret);
  });

  it('takes secrets of chance', () => {
    const raw = { ...PRODUCTION, JWT_SECRET: SECRET, ADMIN_TOKEN: 'k2x9-Vb7q_Lm4s1Tz' };
    expect(new Environment(raw)).toMatchObject({ adminToken: raw.ADMIN_TOKEN });
  });
});

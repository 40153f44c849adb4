import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Environment } from '../../src/config/environment.js';
import { InvalidEnvironment } from '../../src/config/variables.js';

const SECRET = 'hunter2-hunter2';

function failure(raw: Record<string, string>): Error {
  try {
    void new Environment(raw);
  } catch (error) {
    return error as Error;
  }
  throw new Error('the environment was taken');
}

const WRONG: [name: string, value: string, takes: RegExp][] = [
  ['PORT', '-1', /0 to 65535/],
  ['PORT', '65536', /0 to 65535/],
  ['PORT', '3000.5', /whole number/],
  ['PORT', '0x10', /whole number/],
  ['PORT', 'http', /whole number/],
  ['HISTORY_MODE', 'hybrids', /hybrid, redis, database, client/],
  ['MIGRATE_ON_START', 'yes', /true, false/],
  ['SESSION_TTL', '0', /whole number from 1/],
  ['SESSION_TTL', '1h', /whole number/],
  ['MAX_MESSAGES_PER_SESSION', '0', /whole number from 1/],
  ['PRUNE_HISTORY_TO', '-5', /whole number from 1/],
  ['HISTORY_MAX_TOKENS', 'many', /whole number/],
  ['HISTORY_STRATEGY', 'newest', /relevance, recency/],
  ['HISTORY_TOKENIZER', 'true', /o200k_base, estimate/],
  ['AUTO_SYNC_TO_DB', '1', /true, false/],
  ['SYNC_INTERVAL', '0', /./],
  ['SYNC_INTERVAL', '1e3', /./],
  ['MAX_UNSYNCED_TURNS', '1 000', /whole number/],
  ['AUTH_MODE', 'magic', /none, jwt/],
  ['TRUST_PROXY', 'true', /hops, or addresses and CIDRs/],
  ['TRUST_PROXY', '17', /1 to 16 hops/],
  ['TRUST_PROXY', '-1', /hops/],
  ['TRUST_PROXY', '*', /CIDRs/],
  ['TRUST_PROXY', '0.0.0.0/0', /CIDRs/],
  ['TRUST_PROXY', '::/0', /CIDRs/],
  ['TRUST_PROXY', '10.0.0.0/33', /CIDRs/],
  ['TRUST_PROXY', '10.0.0.0/8,proxy.local', /CIDRs/],
  ['CHAT_RATE_LIMIT', '-1', /whole number from 0/],
  ['ANSWER_ENGINE', 'gpt', /extractive, openai/],
  ['ANSWER_TIMEOUT_MS', '0', /whole number from 1/],
  ['ANSWER_IDLE_TIMEOUT_MS', '-1', /whole number from 1/],
  ['ANSWER_MAX_BYTES', '1MB', /whole number/],
  ['TOPIC_MIN_USERS', '-1', /whole number from 0/],
  ['ANALYTICS_TOPICS', 'phrases', /sources, keywords/],
  ['ANALYTICS_TOPICS', 'keywords', /ENCRYPTION_KEYS/],
  ['DOCS', 'on', /true, false/],
  ['LOG_LEVEL', 'verbose', /info/],
  ['SHUTDOWN_GRACE_MS', '∞', /whole number/],
];

// Addresses and tokens: what they hold stays out of terminals and logs.
const WRONG_SECRETS: [name: string, value: string, takes: RegExp][] = [
  ['REDIS_URL', `http://user:${SECRET}@host`, /redis:\/\//],
  ['REDIS_URL', `${SECRET}@host:6379`, /redis:\/\//],
  ['DATABASE_URL', `mysql://user:${SECRET}@host/db`, /postgresql:\/\//],
  ['DATABASE_URL', `postgresql//user:${SECRET}@host`, /postgresql:\/\//],
  ['REDIS_URL', `redis://user:%${SECRET}@host`, /redis:\/\//],
  ['DATABASE_URL', `postgresql://user:${SECRET}%zz@host/db`, /postgresql:\/\//],
  ['DATABASE_MIGRATION_URL', SECRET, /postgresql:\/\//],
  ['OPENAI_BASE_URL', `ftp://${SECRET}`, /https?:\/\//],
  ['CORS_ORIGINS', '*', /exact origins/],
  ['CORS_ORIGINS', 'null', /exact origins/],
  ['CORS_ORIGINS', 'app.example.org', /exact origins/],
  ['CORS_ORIGINS', 'https://app.example.org/', /exact origins/],
  ['CORS_ORIGINS', 'https://App.example.org', /exact origins/],
  ['CORS_ORIGINS', 'https://app.example.org:443', /exact origins/],
  ['CORS_ORIGINS', 'https://*.example.org', /exact origins/],
  ['CORS_ORIGINS', 'file:///index.html', /exact origins/],
  ['CORS_ORIGINS', `https://user:${SECRET}@app.example.org`, /exact origins/],
  ['ADMIN_TOKEN', SECRET, /at least 16 characters/],
  ['JWT_SECRET', SECRET, /at least 32 bytes/],
  ['SUPABASE_JWT_SECRET', SECRET.repeat(2), /at least 32 bytes/],
  ['JWKS_URL', `ftp://${SECRET}/keys`, /https:\/\//],
  ['JWKS_URL', `https://user:${SECRET}@host/keys`, /without user and password/],
  ['SUPABASE_URL', SECRET, /https:\/\//],
];

describe('a wrong value', () => {
  it.each(WRONG)('of %s ("%s") stops the start in one line that says what to do', (...wrong) => {
    const [name, value, takes] = wrong;
    const error = failure({ [name]: value });
    expect(error).toBeInstanceOf(InvalidEnvironment);
    expect(error.message).toMatch(new RegExp(`^${name}: got .+, takes .+$`));
    expect(error.message).toContain(value);
    expect(error.message).toMatch(takes);
  });

  it.each(WRONG_SECRETS)('of %s is not repeated', (name, value, takes) => {
    const error = failure({ [name]: value });
    expect(error).toBeInstanceOf(InvalidEnvironment);
    expect(error.message).toMatch(new RegExp(`^${name}: got .+, takes .+$`));
    expect(error.message).toMatch(takes);
    expect(error.message).not.toContain(SECRET);
  });
});

it('takes a password with any character in it', () => {
  const url = `redis://user:${encodeURIComponent('a/b#c%d@e:f')}@localhost:6379`;
  expect(new Environment({ REDIS_URL: url }).redisUrl).toBe(url);
});

it('takes a list of origins, and shows the docs in production only when told so', () => {
  const origins = ' https://app.example.org ,http://localhost:5173,';
  expect(new Environment({ CORS_ORIGINS: origins }).corsOrigins).toEqual([
    'https://app.example.org',
    'http://localhost:5173',
  ]);
  const production = { NODE_ENV: 'production', AUTH_MODE: 'none' };
  expect(new Environment({}).docs).toBe(true);
  expect(new Environment({ DOCS: 'false' }).docs).toBe(false);
  expect(new Environment(production).docs).toBe(false);
  expect(new Environment({ ...production, DOCS: 'true' }).docs).toBe(true);
});

describe('what is needed', () => {
  it('is nothing at all outside production', () => {
    expect(new Environment({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      historyMode: 'hybrid',
      redisUrl: 'redis://localhost:6379',
      databaseUrl: 'postgresql://localhost:5432/openta',
      databaseUrlGiven: false,
      sessionTtlSeconds: 3600,
      maxTurnsPerSession: 50,
      pruneHistoryToTurns: 20,
      historyMaxTokens: 3000,
      flushAfterEachTurn: true,
      sweepIntervalSeconds: 300,
      maxUnsyncedTurns: 100_000,
      jwt: null,
      adminToken: undefined,
      trustedProxies: null,
      chatRateLimit: 30,
      answerEngine: 'extractive',
      answerTimeoutMs: 60_000,
      answerIdleTimeoutMs: 15_000,
      answerMaxBytes: 1_048_576,
      logLevel: 'info',
      shutdownGraceMs: 10_000,
    });
  });

  it('is a word about AUTH_MODE in production', () => {
    expect(failure({ NODE_ENV: 'production' }).message).toMatch(/^AUTH_MODE: got nothing, takes /);
    expect(new Environment({ NODE_ENV: 'production', AUTH_MODE: 'none' }).production).toBe(true);
  });

  it('is a model, and a key or a server, for the engine openai', () => {
    const openai = { ANSWER_ENGINE: 'openai' };
    expect(failure(openai).message).toMatch(/^OPENAI_MODEL: got nothing, takes /);
    expect(failure({ ...openai, OPENAI_MODEL: 'm' }).message).toMatch(/^OPENAI_API_KEY: got noth/);
    const local = { ...openai, OPENAI_MODEL: 'm', OPENAI_BASE_URL: 'http://localhost:1/v1' };
    expect(new Environment(local).openai).toMatchObject({ model: 'm' });
  });

  it('is the default where a variable is empty', () => {
    expect(new Environment({ PORT: '', HISTORY_MODE: '  ', ADMIN_TOKEN: '' })).toMatchObject({
      port: 3000,
      historyMode: 'hybrid',
      adminToken: undefined,
    });
  });
});

it('takes the limits of each value', () => {
  const raw = { PORT: '65535', CHAT_RATE_LIMIT: '0', SESSION_TTL: '1', SYNC_INTERVAL: '1' };
  expect(new Environment(raw)).toMatchObject({ port: 65_535, chatRateLimit: 0 });
});

describe('ENCRYPTION_KEYS', () => {
  const base64 = (fill: string | Buffer) => Buffer.from(fill).toString('base64');
  const [one, other] = [base64(randomBytes(32)), base64(randomBytes(32))];
  const production = { NODE_ENV: 'production', AUTH_MODE: 'none' };

  it('are taken in their order, with or without blanks between them', () => {
    const { encryptionKeys } = new Environment({
      ENCRYPTION_KEYS: `2026-05:${one}, old.1:${other}`,
    });
    expect(encryptionKeys.map(({ id }) => id)).toEqual(['2026-05', 'old.1']);
    expect(encryptionKeys.map(({ key }) => key.export().toString('base64'))).toEqual([one, other]);
    expect(new Environment({}).encryptionKeys).toEqual([]);
    expect(new Environment({ ...production, ENCRYPTION_KEYS: `a:${one}` }).production).toBe(true);
  });

  it('are not shown by whatever prints the environment', () => {
    const environment = new Environment({ ENCRYPTION_KEYS: `a:${one}` });
    const hex = Buffer.from(one, 'base64').toString('hex');
    for (const shown of [JSON.stringify(environment), inspect(environment, { depth: null })]) {
      expect(shown).not.toContain(one);
      expect(shown.replace(/ /g, '')).not.toContain(hex);
    }
  });

  it.each([
    ['an id alone', 'a'],
    ['a key alone', one],
    ['no id', `:${one}`],
    ['a blank id', ` :${one}`],
    ['an id with a comma', `a,b:${one}`],
    ['an id with a blank', `a b:${one}`],
    ['an id of 33 characters', `${'a'.repeat(33)}:${one}`],
    ['an id twice', `a:${one},a:${other}`],
    ['nothing behind a comma', `a:${one},`],
    ['a colon too many', `a:b:${one}`],
    ['no key', 'a:'],
    ['a key of 31 bytes', `a:${base64(randomBytes(31))}`],
    ['a key of 33 bytes', `a:${base64(randomBytes(33))}`],
    ['a key in hex', `a:${randomBytes(32).toString('hex')}`],
    ['a key in base64url', `a:${base64(Buffer.alloc(32, 0xfb)).replaceAll('+', '-')}`],
    ['a key without padding', `a:${one.replace('=', '')}`],
    ['a key with a spare bit', `a:${base64(Buffer.alloc(32)).replace(/A=$/, 'B=')}`],
  ])('with %s stop the start, and are not repeated', (_, value) => {
    const error = failure({ ENCRYPTION_KEYS: value });
    expect(error).toBeInstanceOf(InvalidEnvironment);
    expect(error.message).toMatch(/^ENCRYPTION_KEYS: got .+, takes .+$/);
    for (const key of [one, other]) expect(error.message).not.toContain(key.slice(0, 12));
  });

  it.each([
    ['of equal bytes', Buffer.alloc(32, 7)],
    ['of zeros', Buffer.alloc(32)],
    ['of few different bytes', Buffer.from('0123456789abcdef'.repeat(4), 'hex')],
    ['that counts', Buffer.from(Array.from({ length: 32 }, (_, index) => index * 3))],
    ['that somebody typed', Buffer.from('a-passphrase-of-32-characters-ok')],
  ])('with a key %s are none in production', (_, bytes) => {
    const raw = { ENCRYPTION_KEYS: `a:${base64(bytes)}` };
    expect(failure({ ...production, ...raw }).message).toMatch(/no random one/);
    expect(new Environment(raw).encryptionKeys).toHaveLength(1);
  });
});

it.each([
  ['0', null],
  ['1', 1],
  ['16', 16],
  ['10.0.0.1', ['10.0.0.1']],
  ['10.0.0.0/8, fd00::/8,::1', ['10.0.0.0/8', 'fd00::/8', '::1']],
])('trusts the proxies of TRUST_PROXY=%s', (text, trusted) => {
  expect(new Environment({ TRUST_PROXY: text }).trustedProxies).toEqual(trusted);
});

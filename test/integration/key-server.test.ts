import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeyServer } from '../../src/auth/key-server.js';
import { TokenVerifier } from '../../src/auth/token.verifier.js';
import { ServiceError } from '../../src/conversation/errors.js';
import { signedBy, signingKey, TestKeyServer } from '../support/key-server.js';

Logger.overrideLogger(false);

const TIMES = { timeoutMs: 2000, cooldownMs: 30_000, maxAgeMs: 600_000 };
const AWAY = 'identity_unavailable';

const known = await signingKey('known');
const rsa = await signingKey('rsa', 'RS256');
const next = await signingKey('next');
const server = await TestKeyServer.start();
const [knownToken, rsaToken, nextToken] = await Promise.all(
  [known, rsa, next].map((key) => signedBy(key, { sub: 'anna' })),
);

let nowMs: number;
let verifier: TokenVerifier;
let keys: KeyServer;

beforeEach(() => {
  nowMs = 0;
  server.keys = [known, rsa];
  server.isAway = false;
  server.paths.length = 0;
  keys = new KeyServer(server.url, TIMES, () => nowMs);
  const settings = { secret: undefined, keyServer: undefined, audience: undefined };
  verifier = new TokenVerifier(settings, keys);
});

/** The user's id, what is wrong with the token, or the code of the error. */
async function whoIs(token: string): Promise<string> {
  try {
    const identity = await verifier.identify(token);
    return typeof identity === 'string' ? identity : identity.userId;
  } catch (error) {
    return (error as ServiceError).code;
  }
}

describe('a key server', () => {
  it('is asked once for many callers who come at the same time', async () => {
    const tokens = Array.from({ length: 20 }, (_, index) => (index % 2 ? knownToken! : rsaToken!));
    expect(new Set(await Promise.all(tokens.map(whoIs)))).toEqual(new Set(['anna']));
    expect(server.calls).toBe(1);
  });

  it('is asked again for a key that it has published since, after the cooldown', async () => {
    expect(await whoIs(knownToken!)).toBe('anna');
    server.keys = [known, next];
    expect(await whoIs(nextToken!)).toBe('bad');
    nowMs += TIMES.cooldownMs;
    expect(await whoIs(nextToken!)).toBe('anna');
    expect(server.calls).toBe(2);
  });

  it('gets one call in a cooldown, however many unknown keys are asked for', async () => {
    expect(await whoIs(knownToken!)).toBe('anna');
    const strange = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        signedBy({ ...next, kid: `unknown-${index}` }, { sub: 'mallory' }),
      ),
    );
    for (let round = 0; round < 3; round++) {
      nowMs += TIMES.cooldownMs;
      expect(new Set(await Promise.all(strange.map(whoIs)))).toEqual(new Set(['bad']));
    }
    expect(server.calls).toBe(1 + 3);
  });

  it('is not asked for a key whose name is a path or an address', async () => {
    expect(await whoIs(knownToken!)).toBe('anna');
    nowMs += TIMES.cooldownMs;
    for (const kid of ['../../etc/passwd', '/dev/null', 'http://127.0.0.1/k', '//k', 'a\nb', '']) {
      expect(await whoIs(await signedBy({ ...next, kid }, { sub: 'mallory' }))).toBe('bad');
    }
    expect(server.calls).toBe(1);
  });

  it('has a withdrawn key refused once the keys are old', async () => {
    expect(await whoIs(rsaToken!)).toBe('anna');
    server.keys = [known];
    nowMs += TIMES.maxAgeMs - 1;
    expect(await whoIs(rsaToken!)).toBe('anna');
    nowMs += 1;
    expect(await whoIs(rsaToken!)).toBe('bad');
    expect(await whoIs(knownToken!)).toBe('anna');
  });
});

describe('while the key server is away', () => {
  it('known keys stay good, also when they are old, and are fetched anew when it is back', async () => {
    expect(await whoIs(knownToken!)).toBe('anna');
    server.isAway = true;
    for (let age = 1; age <= 5; age++) {
      nowMs += TIMES.maxAgeMs;
      const known = await Promise.all([knownToken!, knownToken!, rsaToken!].map(whoIs));
      expect(known).toEqual(['anna', 'anna', 'anna']);
      // Callers do not wait for a call that is made during an outage; the test does.
      await keys.fetch();
      expect(server.calls).toBe(1 + age);
    }
    server.isAway = false;
    server.keys = [next];
    nowMs += TIMES.cooldownMs;
    expect(await whoIs(nextToken!)).toBe('anna');
    expect(await whoIs(rsaToken!)).toBe('bad');
  });

  it('an unknown key is neither good nor bad, and one call in a cooldown is tried', async () => {
    expect(await whoIs(knownToken!)).toBe('anna');
    server.isAway = true;
    nowMs += TIMES.cooldownMs;
    for (let tries = 0; tries < 10; tries++) expect(await whoIs(nextToken!)).toBe(AWAY);
    expect(server.calls).toBe(2);
    server.isAway = false;
    server.keys = [next];
    expect(await whoIs(nextToken!)).toBe(AWAY);
    nowMs += TIMES.cooldownMs;
    expect(await whoIs(nextToken!)).toBe('anna');
  });

  it('nothing can be said before it has ever answered', async () => {
    server.isAway = true;
    for (let tries = 0; tries < 10; tries++) expect(await whoIs(knownToken!)).toBe(AWAY);
    expect(server.calls).toBe(1);
    server.isAway = false;
    nowMs += TIMES.cooldownMs;
    expect(await whoIs(knownToken!)).toBe('anna');
  });

  it('a request does not wait longer than its time for a server that hangs', async () => {
    const hanging = await TestKeyServer.start();
    hanging.hangs = true;
    keys = new KeyServer(hanging.url, { ...TIMES, timeoutMs: 50 }, () => nowMs);
    verifier = new TokenVerifier(
      { secret: undefined, keyServer: undefined, audience: undefined },
      keys,
    );
    expect(await whoIs(knownToken!)).toBe(AWAY);
  });
});

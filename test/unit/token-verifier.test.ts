import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { readIdentity } from '../../src/auth/identity.js';
import { TokenVerifier } from '../../src/auth/token.verifier.js';
import { JWT_SECRET, tokenOf } from '../support/tokens.js';

Logger.overrideLogger(false);

const NOW_SECONDS = 1_800_000_000;
const secret = { value: JWT_SECRET, issuer: undefined };
const verifier = new TokenVerifier({ secret, keyServer: undefined, audience: undefined }, null);

async function at(offsetSeconds: number, claims: object) {
  const token = await tokenOf('anna', { ...claims });
  return verifier.identify(token, new Date((NOW_SECONDS + offsetSeconds) * 1000));
}

describe('clocks may differ by 30 seconds', () => {
  it.each([
    [-1, { userId: 'anna', isAdmin: false }],
    [0, { userId: 'anna', isAdmin: false }],
    [29, { userId: 'anna', isAdmin: false }],
    [29.999, { userId: 'anna', isAdmin: false }],
    [30, 'expired'],
    [31, 'expired'],
  ])('%s seconds after exp', async (seconds, expected) => {
    expect(await at(seconds, { exp: NOW_SECONDS })).toEqual(expected);
  });

  it.each([
    [-31, 'bad'],
    [-30, { userId: 'anna', isAdmin: false }],
    [0, { userId: 'anna', isAdmin: false }],
  ])('%s seconds after nbf', async (seconds, expected) => {
    const claims = { nbf: NOW_SECONDS, exp: NOW_SECONDS + 60 };
    expect(await at(seconds, claims)).toEqual(expected);
  });

  it('a token of somebody else who is out of time is bad, not expired', async () => {
    const other = new TokenVerifier(
      { secret: { ...secret, issuer: 'me' }, keyServer: undefined, audience: undefined },
      null,
    );
    const token = await tokenOf('anna', { exp: NOW_SECONDS - 60, iss: 'you' });
    expect(await other.identify(token, new Date(NOW_SECONDS * 1000))).toBe('bad');
  });
});

describe('an administrator', () => {
  it.each([
    [{ scope: 'admin' }, true],
    [{ scope: 'openid admin profile' }, true],
    [{ roles: ['user', 'admin'] }, true],
    [{ roles: 'admin' }, true],
    [{ scope: 'administrator openid:admin' }, false],
    [{ scope: ['admin'] }, false],
    [{ roles: ['Admin'] }, false],
    [{ roles: 'user admin' }, false],
    [{ roles: { admin: true } }, false],
    [{ roles: [['admin']] }, false],
    [{ role: 'admin' }, false],
    [{ admin: true }, false],
    [{}, false],
  ])('is who has %j: %s', (claims, isAdmin) => {
    expect(readIdentity({ sub: 'anna', ...claims })).toEqual({ userId: 'anna', isAdmin });
  });
});

import { createHmac } from 'node:crypto';
import { exportSPKI } from 'jose';
import { describe, expect, it } from 'vitest';
import { signedBy, type SigningKey, signingKey, TestKeyServer } from '../support/key-server.js';
import { expectProblem } from '../support/problem.js';
import { rawRequest } from '../support/raw-request.js';
import { startService } from '../support/service.js';
import { bearer, inSeconds, JWT_SECRET } from '../support/tokens.js';

const ISSUER = 'https://issuer.example/';
const AUDIENCE = 'openta';
const CLAIMS = { sub: 'anna', iss: ISSUER, aud: AUDIENCE, exp: inSeconds(3600) };
const BASIC = '/chat/basic';
const TURN = { query: 'What is attention?' };

const elliptic = await signingKey('elliptic');
const rsa = await signingKey('rsa', 'RS256');
const mallorys = { ...(await signingKey('elliptic')), kid: elliptic.kid };
const keyServer = await TestKeyServer.start(elliptic, rsa);
const attacker = await TestKeyServer.start(mallorys);
const service = await startService({
  HISTORY_MODE: 'client',
  AUTH_MODE: 'jwt',
  JWT_SECRET,
  JWKS_URL: keyServer.url,
  JWT_ISSUER: ISSUER,
  JWT_AUDIENCE: AUDIENCE,
});
const ask = (token: string) => service.chat<unknown>(TURN, bearer(token));

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Signs as HS256 does, with whatever key and header. */
function hmac(key: string | Buffer, header: object, claims: object = CLAIMS): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

const hs256 = { alg: 'HS256', typ: 'JWT' };
const bySecret = (claims: object, header: object = {}) =>
  hmac(JWT_SECRET, { ...hs256, ...header }, claims);
const byMallory = (header: Record<string, unknown>) => signedBy(mallorys, CLAIMS, header);
const without = (claim: keyof typeof CLAIMS) =>
  bySecret(Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => name !== claim)));
const unsigned = (alg: unknown, signature = '') =>
  `${encode({ alg, typ: 'JWT' })}.${encode(CLAIMS)}.${signature}`;
const pem = (key: SigningKey) => exportSPKI(key.publicKey);

/** A token as JSON, with a good signature beside a bad one. */
async function jsonToken(): Promise<string> {
  const [header, payload, signature] = (await signedBy(elliptic, CLAIMS)).split('.');
  const good = { protected: header, signature };
  return JSON.stringify({ payload, signatures: [good, { ...good, signature: 'AAAA' }] });
}

const forged: [what: string, token: string | Promise<string>][] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', '', null, 0, ['none'], ['HS256']].map(
    (alg): [string, string] => [`alg ${JSON.stringify(alg)} and no signature`, unsigned(alg)],
  ),
  ['alg none and a signature', unsigned('none', bySecret(CLAIMS).split('.')[2])],
  ['no alg', `${encode({ typ: 'JWT' })}.${encode(CLAIMS)}.`],
  ['alg HS256 and no signature', unsigned('HS256')],
  ['alg hs256', hmac(JWT_SECRET, { alg: 'hs256' })],
  ['alg HS512 on the secret', hmac(JWT_SECRET, { alg: 'HS512' })],
  ['HS256 with the public key as PEM', pem(rsa).then((key) => hmac(key, hs256))],
  [
    'HS256 with the PEM without its last newline',
    pem(rsa).then((key) => hmac(key.trim(), { ...hs256, kid: 'rsa' })),
  ],
  [
    'HS256 with the public key as DER',
    pem(rsa).then((key) => hmac(Buffer.from(key.replace(/-.*-/g, ''), 'base64'), hs256)),
  ],
  ['HS256 with the public key as JWK', hmac(JSON.stringify(rsa.jwk), { ...hs256, kid: 'rsa' })],
  ['HS256 with an empty key', hmac('', { ...hs256, kid: '/dev/null' })],
  ['HS256 with another secret', hmac(JWT_SECRET.toUpperCase(), hs256)],
  ['ES256 of another key under a known kid', byMallory({})],
  ['a kid that is a path', byMallory({ kid: '../../../../dev/null' })],
  ['a kid that is an absolute path', byMallory({ kid: '/etc/passwd' })],
  ['a kid that is an address', byMallory({ kid: attacker.url })],
  ['a kid with SQL', byMallory({ kid: "x' or '1'='1" })],
  ['a kid that is no text', byMallory({ kid: { $ne: null } })],
  ['a jku', byMallory({ jku: attacker.url })],
  ['a jku and a kid of its own', byMallory({ jku: attacker.url, kid: '//elsewhere' })],
  ['an x5u', byMallory({ x5u: `${attacker.origin}/certificate.pem` })],
  ['a jwk in the header', byMallory({ jwk: mallorys.jwk })],
  ['an x5c in the header', byMallory({ x5c: ['MIIB'] })],
  ['a crit that nobody knows', bySecret(CLAIMS, { crit: ['x'], x: 1 })],
  ['an empty crit', bySecret(CLAIMS, { crit: [] })],
  ['an unencoded payload', bySecret(CLAIMS, { crit: ['b64'], b64: false })],
  ['another issuer', bySecret({ ...CLAIMS, iss: 'https://issuer.example' })],
  ['an issuer among others', bySecret({ ...CLAIMS, iss: [ISSUER] })],
  ['no issuer', without('iss')],
  ['another audience', bySecret({ ...CLAIMS, aud: 'other' })],
  ['audiences without ours', bySecret({ ...CLAIMS, aud: ['other', 'openta2'] })],
  ['no audience', without('aud')],
  ['a time that is over', bySecret({ ...CLAIMS, exp: inSeconds(-60) })],
  ['no exp', without('exp')],
  ['an exp that is a text', bySecret({ ...CLAIMS, exp: String(CLAIMS.exp) })],
  ['an exp that is null', bySecret({ ...CLAIMS, exp: null })],
  ['a time that is to come', bySecret({ ...CLAIMS, nbf: inSeconds(600) })],
  ['no sub', without('sub')],
  ['an empty sub', bySecret({ ...CLAIMS, sub: '' })],
  ['a sub that is a number', bySecret({ ...CLAIMS, sub: 1 })],
  ['a sub that is null', bySecret({ ...CLAIMS, sub: null })],
  ['a sub that is a list', bySecret({ ...CLAIMS, sub: ['anna'] })],
  ['a sub that is an object', bySecret({ ...CLAIMS, sub: { id: 'anna' } })],
  ['a sub of 256 characters', bySecret({ ...CLAIMS, sub: 'x'.repeat(256) })],
  ['a NUL in sub', bySecret({ ...CLAIMS, sub: 'anna\0' })],
  [
    'a lone surrogate in sub',
    hmac(JWT_SECRET, hs256, { ...CLAIMS, sub: 'X' }).replace(/.*/, () => {
      const claims = JSON.stringify(CLAIMS).replace('anna', '\\ud83d');
      const signed = `${encode(hs256)}.${encode(claims)}`;
      return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`;
    }),
  ],
  ['the role anon', bySecret({ ...CLAIMS, role: 'anon' })],
  ['the role service_role', bySecret({ ...CLAIMS, role: 'service_role' })],
  ['anon among the roles', bySecret({ ...CLAIMS, roles: ['user', 'anon'] })],
  ['service_role as roles', bySecret({ ...CLAIMS, roles: 'service_role' })],
  ['claims that are a list', hmac(JWT_SECRET, hs256, [CLAIMS])],
  ['two parts', bySecret(CLAIMS).split('.').slice(0, 2).join('.')],
  ['four parts', `${bySecret(CLAIMS)}.AAAA`],
  ['five parts, as an encrypted one has', `${bySecret(CLAIMS)}.AAAA.AAAA`],
  ['two signatures, as JSON', jsonToken()],
  [
    'a changed payload',
    bySecret(CLAIMS).replace(/\.[^.]+\./, `.${encode({ ...CLAIMS, sub: 'b' })}.`),
  ],
  ['a signature cut short', bySecret(CLAIMS).slice(0, -4)],
  ['no token at all', 'x'],
  ['dots', '..'],
  ['over 8 KiB', bySecret({ ...CLAIMS, filler: 'x'.repeat(8192) })],
];

describe('a token with', () => {
  it.each(forged)('%s is refused, and nobody is called for it', async (_, token) => {
    const callsBefore = keyServer.calls;
    const reply = await ask(await token);
    expectProblem(reply, 401, 'unauthenticated');
    expect(reply.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(attacker.calls).toBe(0);
    expect(keyServer.calls).toBe(callsBefore);
  });
});

it('refuses a key of one kind under the name of another', async () => {
  const reply = await ask(await signedBy(mallorys, CLAIMS, { kid: rsa.kid }));
  expectProblem(reply, 401, 'unauthenticated');
});

describe('a token that is not where it belongs', () => {
  const good = bySecret(CLAIMS);

  it('is not looked for in the query, a cookie or the body', async () => {
    const paths = [`${BASIC}?access_token=${good}`, `${BASIC}?token=${good}&authorization=${good}`];
    for (const path of paths) {
      const headers = { cookie: `token=${good}; access_token=${good}`, 'x-api-key': good };
      const reply = await service.request('POST', path, { body: TURN, headers });
      expectProblem(reply, 401, 'unauthenticated');
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it.each([
    ['another scheme', [`Authorization: Basic ${good}`]],
    ['no scheme', [`Authorization: ${good}`]],
    ['nothing after the scheme', ['Authorization: Bearer']],
    ['an empty header', ['Authorization:']],
    ['two tokens in one header', [`Authorization: Bearer ${good}, Bearer ${good}`]],
    ['words behind the token', [`Authorization: Bearer ${good} x`]],
    ['the header twice', [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`]],
    ['a bad header and a good one', ['Authorization: Bearer x', `authorization: bearer ${good}`]],
  ])('is refused with %s', async (_, lines) => {
    const body = JSON.stringify(TURN);
    const type = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    const reply = await rawRequest(service.url, `POST ${BASIC}`, [...type, ...lines], body);
    expect(reply.status).toBe(401);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(reply.body).not.toContain(good);
  });
});

describe('a good token', () => {
  it.each([
    ['HS256 with the secret', bySecret(CLAIMS)],
    ['ES256 of the key server', signedBy(elliptic, CLAIMS)],
    ['RS256 of the key server', signedBy(rsa, CLAIMS)],
    ['our audience among others', bySecret({ ...CLAIMS, aud: ['other', AUDIENCE] })],
    ['a sub of 255 characters outside the BMP', bySecret({ ...CLAIMS, sub: '𝒳'.repeat(255) })],
    ['a jku, which nobody looks at', signedBy(elliptic, CLAIMS, { jku: attacker.url })],
  ])('is taken: %s', async (_, token) => {
    expect((await ask(await token)).status).toBe(200);
    expect(attacker.calls).toBe(0);
  });

  it('is taken whatever the case of the scheme', async () => {
    const headers = { authorization: `bEARER  ${bySecret(CLAIMS)}` };
    expect((await service.chat(TURN, headers)).status).toBe(200);
  });
});

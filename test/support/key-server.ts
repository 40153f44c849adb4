import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll } from 'vitest';
import { inSeconds } from './tokens.js';

/** A key pair of an issuer of tokens. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: 'ES256' | 'RS256';
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** The public half, as a key server publishes it. */
  readonly jwk: JWK;
}

export async function signingKey(
  kid: string,
  alg: SigningKey['alg'] = 'ES256',
): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { kid, alg, privateKey, publicKey, jwk };
}

/** A token of that issuer, good for an hour. */
export const signedBy = (
  { kid, alg, privateKey }: SigningKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> =>
  new SignJWT({ exp: inSeconds(3600), ...claims })
    .setProtectedHeader({ alg, kid, ...header })
    .sign(privateKey);

/** A server of public keys that counts its calls. */
export class TestKeyServer {
  /** What it publishes. */
  keys: readonly SigningKey[] = [];
  /** It accepts connections and cuts them. */
  isAway = false;
  /** It takes requests and says nothing. */
  hangs = false;
  readonly paths: string[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', ({ url }, response) => {
      this.paths.push(url ?? '');
      if (this.isAway) return response.destroy();
      if (this.hangs) return undefined;
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }));
    });
  }

  /** Stopped when the test file has ended. */
  static async start(...keys: SigningKey[]): Promise<TestKeyServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });
    const own = new TestKeyServer(server);
    own.keys = keys;
    return own;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.origin}/keys.json`;
  }

  get calls(): number {
    return this.paths.length;
  }
}

import { createSecretKey } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { decodeProtectedHeader, errors, jwtVerify, type JWTVerifyOptions } from 'jose';
import type { JwtSettings } from '../config/identity.js';
import { ServiceError } from '../conversation/errors.js';
import { type Identity, readIdentity } from './identity.js';
import type { KeyServer } from './key-server.js';

// Clocks of two machines that are kept by NTP differ by less.
const CLOCK_TOLERANCE_SECONDS = 30;

/** `expired`: its signature and everything else is good, so its bearer was once let in. */
export type BadToken = 'bad' | 'expired';

/** One source of keys, and the algorithms that are good with it and with no other. */
interface Source {
  readonly algorithms: readonly string[];
  readonly verify: (token: string, options: JWTVerifyOptions) => ReturnType<typeof jwtVerify>;
  readonly issuer: string | undefined;
}

/**
 * Says whom a JSON Web Token speaks of. The token's `alg` picks the source of the key, and each source takes its
 * own algorithms only: so a public key can never serve as an HS256 secret. Keys or addresses of keys that a
 * token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
 */
export class TokenVerifier {
  private readonly logger = new Logger(TokenVerifier.name);
  private readonly sources: readonly Source[];

  constructor(
    private readonly settings: JwtSettings | null,
    keyServer: KeyServer | null,
  ) {
    this.sources = [
      ...(settings?.secret ? [secretSource(settings.secret)] : []),
      ...(keyServer ? [serverSource(keyServer, settings?.keyServer?.issuer)] : []),
    ];
  }

  /** @throws ServiceError identity_unavailable when nobody can say. */
  async identify(token: string, now = new Date()): Promise<Identity | BadToken> {
    try {
      return await this.verify(token, now);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      // What jose throws for a malformed token is not always an error of its own.
      return this.refuse(reasonOf(error), error instanceof errors.JWTExpired ? 'expired' : 'bad');
    }
  }

  private async verify(token: string, now: Date): Promise<Identity | BadToken> {
    const { alg } = decodeProtectedHeader(token);
    const source = this.sources.find(({ algorithms }) => algorithms.includes(String(alg)));
    if (!source) return this.refuse('alg');
    const audience = this.settings?.audience;
    const { payload } = await source.verify(token, {
      algorithms: [...source.algorithms],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: now,
      ...(source.issuer !== undefined && { issuer: source.issuer }),
      ...(audience !== undefined && { audience }),
    });
    const identity = readIdentity(payload);
    return typeof identity === 'string' ? this.refuse(identity) : identity;
  }

  /** The caller is not told which check failed: it would only help who forges. */
  private refuse(reason: string, bad: BadToken = 'bad'): BadToken {
    this.logger.debug(`a token was refused: ${reason}`);
    return bad;
  }
}

function secretSource({ value, issuer }: NonNullable<JwtSettings['secret']>): Source {
  const key = createSecretKey(Buffer.from(value));
  const verify: Source['verify'] = (token, options) => jwtVerify(token, key, options);
  return { algorithms: ['HS256'], verify, issuer };
}

function serverSource({ keyFor }: KeyServer, issuer: string | undefined): Source {
  const verify: Source['verify'] = (token, options) => jwtVerify(token, keyFor, options);
  return { algorithms: ['ES256', 'RS256'], verify, issuer };
}

/** jose's code, and the claim: never its text, which a later version might fill with values. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.code} ${error.claim}`;
  return error instanceof errors.JOSEError ? error.code : 'malformed';
}

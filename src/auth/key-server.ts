import { Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { createRemoteJWKSet, errors, type FlattenedJWSInput, type JWTHeaderParameters } from 'jose';
import { ServiceError } from '../conversation/errors.js';

export interface KeyServerTimes {
  /** How long a request waits for the key server. */
  readonly timeoutMs: number;
  /** From one call to the next at least, however many unknown keys are asked for. */
  readonly cooldownMs: number;
  /** When the keys are fetched anew: so long may one that was withdrawn be believed. */
  readonly maxAgeMs: number;
}

const TIMES: KeyServerTimes = { timeoutMs: 2000, cooldownMs: 30_000, maxAgeMs: 600_000 };

// What any issuer uses, and no path and no address: for those nobody is asked.
const PLAUSIBLE_KID = /^(?!.*(?:\.\.|\/\/))[\w+=.:~-][\w+/=.:~-]{0,254}$/;

/**
 * The public keys of one key server, by the `kid` of a token. Only the configured address is ever asked.
 * Guaranteed: a key that was seen once works on while the key server is away, and no number of unknown
 * keys makes more than one call in a cooldown. jose's own cache fails when it is old and the server away, and
 * knows no cooldown after a failure; so jose fetches and finds keys here, and this class decides when.
 */
export class KeyServer implements OnApplicationBootstrap {
  private readonly logger = new Logger(KeyServer.name);
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;
  private loadedAtMs = -Infinity;
  private triedAtMs = -Infinity;
  private isAway = false;
  private pending: Promise<void> | undefined;

  constructor(
    url: string,
    private readonly times: KeyServerTimes = TIMES,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: times.timeoutMs,
      cooldownDuration: Infinity,
      cacheMaxAge: Infinity,
    });
  }

  /** So that the first request finds the keys; the start waits for them as long as a request would. */
  async onApplicationBootstrap(): Promise<void> {
    await this.fetch();
  }

  /** The key for a token's header. @throws JOSEError when there is none; ServiceError identity_unavailable. */
  readonly keyFor = async (header: JWTHeaderParameters, token: FlattenedJWSInput) => {
    if (this.isOld) {
      const fetched = this.fetch();
      // During an outage the old keys have to do, and nobody waits for what is tried in the background.
      if (!this.isAway || !this.hasKeys) await fetched;
    }
    const key = await this.find(header, token);
    if (key) return key;
    if (!PLAUSIBLE_KID.test(header.kid ?? 'none')) throw new errors.JWKSNoMatchingKey();
    await this.fetch();
    const late = await this.find(header, token);
    if (late) return late;
    if (this.isAway) throw identityUnavailable(this.times.cooldownMs);
    throw new errors.JWKSNoMatchingKey();
  };

  /** Fetches the keys, unless that was tried a moment ago. Never fails: the keys of before stay. */
  async fetch(): Promise<void> {
    if (!this.pending && this.nowMs() - this.triedAtMs < this.times.cooldownMs) return;
    this.pending ??= this.load().finally(() => (this.pending = undefined));
    await this.pending;
  }

  private get hasKeys(): boolean {
    return this.loadedAtMs > -Infinity;
  }

  private get isOld(): boolean {
    return this.nowMs() - this.loadedAtMs >= this.times.maxAgeMs;
  }

  private async find(header: JWTHeaderParameters, token: FlattenedJWSInput) {
    if (!this.hasKeys) return undefined;
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  private async load(): Promise<void> {
    this.triedAtMs = this.nowMs();
    try {
      await this.keys.reload();
      if (this.isAway) this.logger.log('the key server answers again');
      this.isAway = false;
      this.loadedAtMs = this.nowMs();
    } catch (error) {
      if (!this.isAway) this.logger.warn('the key server is away; known keys stay in use', error);
      this.isAway = true;
    }
  }
}

/** A 401 would log everybody out whose token is good. */
const identityUnavailable = (cooldownMs: number): ServiceError =>
  new ServiceError(
    'identity_unavailable',
    'Tokens with this key cannot be checked now; try again soon.',
    { retryAfterSeconds: Math.ceil(cooldownMs / 1000) },
  );

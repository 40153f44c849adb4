import { randomBytes } from 'node:crypto';
import { Environment } from '../../src/config/environment.js';
import { Vault } from '../../src/crypto/vault.js';

/** A key as ENCRYPTION_KEYS takes it. */
export const aKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

/** What a service with these keys, as `aKey` makes them, seals and opens with. */
export const vaultOf = (...keys: readonly string[]): Vault =>
  new Vault(new Environment({ ENCRYPTION_KEYS: keys.join(',') }));

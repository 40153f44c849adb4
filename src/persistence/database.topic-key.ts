import type { KeyObject } from 'node:crypto';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { TopicKey } from '../crypto/topic-key.js';
import { Vault } from '../crypto/vault.js';
import { Database } from './database.js';
import { sqlstateOf } from './sqlstate.js';
import { TopicKeyring } from './topic-keyring.js';

// A server that is read-only, a missing right or a busy pool opens no breaker, so none tells when that is over.
const RETRY_MS = 1000;

/**
 * The key in Postgres, made by the first instance that counts topics. Until it has been read, topics are not counted:
 * no turn waits for it.
 */
@Injectable()
export class DatabaseTopicKey
  extends TopicKey
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly logger = new Logger(DatabaseTopicKey.name);
  private key: KeyObject | null = null;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly keyring: TopicKeyring,
    private readonly vault: Vault,
    private readonly environment: Environment,
  ) {
    super();
  }

  get current(): KeyObject | null {
    return this.key;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.environment.analyticsTopics !== 'keywords') return;
    this.database.breaker.onClosed(() => void this.load());
    // Joins the one that the connection itself begins with, where that is under way.
    await this.database.breaker.probe();
    await this.load();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.retry);
  }

  private async load(): Promise<void> {
    if (this.key || this.database.breaker.isOpen) return;
    try {
      const { scope } = TopicKeyring;
      const made = this.vault.sealer(scope, '').keyring;
      const key = this.vault.keyOf(scope, await this.keyring.keep(made));
      if (key) this.key = key;
      else this.logger.error('no key of ENCRYPTION_KEYS opens that of topics: none are counted');
    } catch (error) {
      this.retryLater(error);
    }
  }

  private retryLater(cause: unknown): void {
    // Said once: it may be so for long.
    if (!this.retry) {
      this.logger.warn(`topics are not counted yet (${sqlstateOf(cause) ?? 'no answer'})`);
    }
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.load(), RETRY_MS).unref();
  }
}

import type { KeyObject } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { TopicKey } from '../crypto/topic-key.js';
import { Vault } from '../crypto/vault.js';
import { Database } from './database.js';
import { sqlstateOf } from './sqlstate.js';
import { TopicKeyring } from './topic-keyring.js';

/**
 * The key in Postgres, made by the first instance that counts topics. Until it has been read, topics are not counted:
 * no turn waits for it.
 */
@Injectable()
export class DatabaseTopicKey extends TopicKey implements OnApplicationBootstrap {
  private readonly logger = new Logger(DatabaseTopicKey.name);
  private key: KeyObject | null = null;

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

  private async load(): Promise<void> {
    if (this.key || this.database.breaker.isOpen) return;
    try {
      const { scope } = TopicKeyring;
      const made = this.vault.sealer(scope, '').keyring;
      const key = this.vault.keyOf(scope, await this.keyring.keep(made));
      if (key) this.key = key;
      else this.logger.error('no key of ENCRYPTION_KEYS opens that of topics: none are counted');
    } catch (error) {
      this.logger.warn(`topics are not counted yet (${sqlstateOf(error) ?? 'no answer'})`);
    }
  }
}

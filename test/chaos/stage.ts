import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aKey, vaultOf } from '../support/encryption.js';
import { FaultyPostgres, FaultyRedis } from '../support/faulty-stores.js';
import { LlmStub } from '../support/llm-stub.mjs';
import { openedBy, type Queryable } from '../support/opened-rows.js';
import type { Book } from './book.js';
import { Instance } from './instance.js';
import { unsyncedTurns } from './unsynced.js';

export const ADMIN_TOKEN = 'the-admin-token-of-the-chaos';
export const KEPT_TURNS = 8;
const INSTANCES = 3;
const DRAINED_WITHIN_MS = 60_000;

const SETTINGS = {
  ADMIN_TOKEN,
  CHAT_RATE_LIMIT: '0',
  ANSWER_ENGINE: 'openai',
  OPENAI_MODEL: 'stub',
  // A claim of an instance that was killed lapses with it, plus ten seconds.
  ANSWER_TIMEOUT_MS: '2000',
  // So short that sessions expire, are trimmed and are restored all the time.
  SESSION_TTL: '3',
  MAX_MESSAGES_PER_SESSION: String(KEPT_TURNS),
  SYNC_INTERVAL: '2',
};

/** Both stores behind proxies, an answer engine, and the instances: all that a run starts, and ends. */
export class Stage {
  private constructor(
    readonly redis: FaultyRedis,
    readonly postgres: FaultyPostgres,
    readonly engine: LlmStub,
    readonly instances: readonly Instance[],
    readonly logFolder: string,
    /** Postgres, with the rows of turns as they were said. */
    readonly archive: Queryable,
  ) {}

  static async open(main: string, book: Book, isEncrypted: boolean): Promise<Stage> {
    const keys = isEncrypted ? [aKey('chaos')] : [];
    const logFolder = await mkdtemp(join(tmpdir(), 'openta-chaos-'));
    const engine = await new LlmStub().start();
    engine.always = { kind: 'delay', ms: 5 };
    const redis = await FaultyRedis.start({ 'maxmemory-policy': 'volatile-ttl' });
    const postgres = await FaultyPostgres.start();
    const environment = {
      ...SETTINGS,
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      OPENAI_BASE_URL: engine.baseUrl,
      ENCRYPTION_KEYS: keys.join(','),
    };
    const instances = await Promise.all(
      Array.from({ length: INSTANCES }, (_, index) => {
        const name = `instance ${index + 1}`;
        const logFile = join(logFolder, `instance-${index + 1}.log`);
        return Instance.create(name, { main, environment, logFile, complain: book.complain });
      }),
    );
    const archive = openedBy(vaultOf(...keys), postgres);
    return new Stage(redis, postgres, engine, instances, logFolder, archive);
  }

  async close({ keepLogs }: { keepLogs: boolean }): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.kill()));
    await Promise.all([this.redis.stop(), this.postgres.stop(), this.engine.stop()]);
    if (!keepLogs) await rm(this.logFolder, { recursive: true, force: true });
  }

  /** Sweeps until nothing is dirty and no mark is left. @returns false when that takes too long. */
  async drain(): Promise<boolean> {
    const deadlineMs = performance.now() + DRAINED_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      for (const { url } of this.instances) await admin(url, 'POST', '/admin/sync');
      const marked = await this.postgres.query(
        'select 1 from conversation_sessions where hot_stale is not null limit 1',
      );
      if (marked.length === 0 && (await unsyncedTurns(this.redis.client)).length === 0) return true;
    }
    return false;
  }

  /** @returns what the service itself finds wrong. */
  async verify(): Promise<string[]> {
    const body = await admin(this.instances[0]!.url, 'GET', '/admin/verify');
    if (!body?.['violations']) return ['the service could not verify'];
    const violations = body['violations'] as Record<string, string>[];
    return violations.map(
      (each) => `${each['invariant']}: ${each['conversation_id']}: ${each['detail']}`,
    );
  }
}

async function admin(
  url: string,
  method: string,
  path: string,
): Promise<Record<string, unknown> | null> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const reply = await fetch(url + path, { method, headers }).catch(() => null);
  return reply?.ok ? ((await reply.json()) as Record<string, unknown>) : null;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { MAIN } from '../../../scripts/setup/build.mjs';
import { startPostgres } from '../../../scripts/servers/postgres.mjs';
import { startRedis } from '../../../scripts/servers/redis.mjs';
import { Instance } from '../../chaos/instance.js';
import { aKey } from '../../support/encryption.js';
import { JWT_VARIABLES } from '../../support/tokens.js';

export const ADMIN_TOKEN = 'the-admin-token-of-the-benchmark';

const SEED = 'dist/src/analytics/demo/seed.cli.js';

type Running = Awaited<ReturnType<typeof startPostgres>>;

/** Private stores in one folder, and one instance of the service over them. */
export class Servers {
  private instance: Instance | undefined;

  private constructor(
    private readonly folder: string,
    private readonly variables: Record<string, string>,
    private readonly redis: Running,
    private postgres: Running,
  ) {}

  static async open(folder: string, isSealed: boolean): Promise<Servers> {
    const variables: Record<string, string> = isSealed
      ? { ENCRYPTION_KEYS: keyIn(folder), ANALYTICS_TOPICS: 'keywords' }
      : {};
    const redis = await startRedis({ dataDir: join(folder, 'redis') });
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
    return new Servers(folder, variables, redis, postgres);
  }

  /** Puts so many turns of demo data into an archive that has none. */
  async fill(turns: number, stop: AbortSignal): Promise<void> {
    const [known] = await this.query<{ known: string | null }>(
      `select to_regclass('conversation_messages') as known`,
    );
    if (known!.known !== null && (await this.count()) > 0) return;
    const env = { ...process.env, ...this.environment };
    const args = [SEED, '--turns', String(turns)];
    const child = spawn(process.execPath, args, { env, stdio: 'inherit' });
    stop.addEventListener('abort', () => child.kill());
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0 && !stop.aborted) throw new Error(`the demo data were not made (${status})`);
  }

  async count(): Promise<number> {
    const [row] = await this.query<{ count: string }>('select count(*) from conversation_messages');
    return Number(row!.count);
  }

  async startService(): Promise<void> {
    this.instance = await Instance.create('the service', {
      main: MAIN,
      environment: this.environment,
      logFile: join(this.folder, 'service.log'),
      complain: (what) => console.error(what),
    });
    await this.instance.start();
  }

  /** Postgres and the service again, with these settings of Postgres. */
  async restart(settings: Record<string, string>): Promise<void> {
    await this.instance!.terminate();
    await this.postgres.stop();
    const dataDir = join(this.folder, 'postgres');
    this.postgres = await startPostgres({ dataDir, settings });
    await this.startService();
  }

  /** @throws Error unless it is answered with 200. */
  async get(path: string, headers: Record<string, string>): Promise<string> {
    const response = await fetch(this.instance!.url + path, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path} got ${response.status}: ${text}`);
    return text;
  }

  async query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  get postgresLog(): string {
    return readFileSync(join(this.folder, 'postgres/postgres.log'), 'utf8');
  }

  async close(): Promise<void> {
    await this.instance?.terminate();
    await this.redis.stop();
    await this.postgres.stop();
  }

  private get environment(): Record<string, string> {
    return {
      ...JWT_VARIABLES,
      ...this.variables,
      ADMIN_TOKEN,
      CHAT_RATE_LIMIT: '0',
      LOG_LEVEL: 'error',
      REDIS_URL: this.redis.url,
      DATABASE_URL: this.postgres.url,
    };
  }
}

/** Kept beside the data: without it nothing opens them. */
function keyIn(folder: string): string {
  const file = join(folder, 'encryption.key');
  if (!existsSync(file)) writeFileSync(file, aKey('benchmark'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

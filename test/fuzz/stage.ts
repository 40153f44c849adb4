import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../scripts/servers/postgres.mjs';
import { startRedis } from '../../scripts/servers/redis.mjs';
import { Instance } from '../chaos/instance.js';
import { temporaryFolder } from '../support/temporary-folder.js';

export const ADMIN_TOKEN = 'the-admin-token-of-the-fuzzing';

type RunningServer = Awaited<ReturnType<typeof startRedis>>;

/** Both stores and one service, all of the run's own. */
export class Stage {
  private constructor(
    private readonly servers: readonly RunningServer[],
    readonly service: Instance,
    private readonly folder: string,
    private readonly logFolder: string,
  ) {}

  /** @param complain is told when the service ends by itself. */
  static async open(main: string, complain: (what: string) => void): Promise<Stage> {
    const folder = await temporaryFolder();
    const logFolder = await mkdtemp(join(tmpdir(), 'openta-fuzz-'));
    const [redis, postgres] = await Promise.all([
      startRedis({ dataDir: join(folder, 'redis') }),
      startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off' } }),
    ]);
    const environment = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      ADMIN_TOKEN,
      CHAT_RATE_LIMIT: '0',
      LOG_LEVEL: 'warn',
      // A leak ends it before it fills the machine.
      NODE_OPTIONS: '--max-old-space-size=384',
    };
    const logFile = join(logFolder, 'service.log');
    const service = await Instance.create('the service', { main, environment, logFile, complain });
    return new Stage([redis, postgres], service, folder, logFolder);
  }

  /** What an administrator reads. */
  async read(path: string): Promise<string> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const reply = await fetch(this.service.url + path, { headers });
    const text = await reply.text();
    if (reply.ok) return text;
    throw new Error(`${path} answers ${reply.status}`);
  }

  /** Where the service's warnings are. */
  async log(): Promise<string> {
    return readFile(join(this.logFolder, 'service.log'), 'utf8');
  }

  async close(): Promise<void> {
    await this.service.kill();
    await Promise.all(this.servers.map((server) => server.stop()));
    for (const each of [this.folder, this.logFolder]) {
      await rm(each, { recursive: true, force: true });
    }
  }
}

import { randomBytes } from 'node:crypto';
import { cp, mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { initPostgres, startPostgres } from '../../scripts/servers/postgres.mjs';
import { startRedis } from '../../scripts/servers/redis.mjs';
import { Proxy } from './proxy.js';
import { temporaryFolder } from './temporary-folder.js';

type RunningServer = Awaited<ReturnType<typeof startRedis>>;

/**
 * A private server behind a proxy, to be broken in every way. Knows nothing of vitest, for the chaos run;
 * test files use `faults.ts`, which stops it with the file.
 */
abstract class FaultyStore {
  protected constructor(
    readonly proxy: Proxy,
    protected server: RunningServer,
    protected readonly folder: string,
  ) {}

  /** What the service connects to: through the proxy. */
  abstract readonly url: string;

  /** Past the proxy, with all rights: for the test itself. */
  abstract readonly directUrl: string;

  /** kill -9, with all its processes; resolves when it is gone. */
  async kill(): Promise<void> {
    this.server.kill('SIGKILL');
    await this.server.exited;
  }

  /** Stops it as an operator would. */
  async shutDown(): Promise<void> {
    await this.server.stop();
  }

  /** Starts it again on the same data and port, after `kill` or `shutDown`. */
  async restart(): Promise<void> {
    await this.server.stop();
    this.server = await this.launch();
  }

  /** Takes connections and bytes, as the kernel does, and answers nothing until `thaw`. */
  freeze(): void {
    this.server.kill('SIGSTOP');
  }

  thaw(): void {
    this.server.kill('SIGCONT');
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    this.thaw();
    await this.server.stop();
    await this.proxy.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  protected abstract launch(): Promise<RunningServer>;
}

/** A private Redis with an append-only file, as the service wants it unless `settings` say otherwise. */
export class FaultyRedis extends FaultyStore {
  readonly directUrl: string;
  readonly url: string;
  /** A client past the proxy that is back at once after a restart. */
  readonly client: Redis;
  private readonly settings: Record<string, string>;

  private constructor(
    proxy: Proxy,
    server: RunningServer,
    folder: string,
    settings: Record<string, string>,
  ) {
    super(proxy, server, folder);
    this.settings = settings;
    this.directUrl = server.url;
    this.url = proxy.through(server.url);
    this.client = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    this.client.on('error', () => undefined);
  }

  static async start(settings: Record<string, string> = {}): Promise<FaultyRedis> {
    const folder = await temporaryFolder();
    const server = await startRedis({ dataDir: join(folder, 'redis'), settings });
    return new FaultyRedis(await Proxy.before(server.url), server, folder, settings);
  }

  async configure(name: string, value: string): Promise<void> {
    await this.client.config('SET', name, value);
  }

  /** Out of memory for every write that grows; `unfill` gives it back. */
  async fill(): Promise<void> {
    await this.configure('maxmemory', '1mb');
  }

  async unfill(): Promise<void> {
    await this.configure('maxmemory', '0');
  }

  /** A replica of a master that is not there: reads work, writes are refused. */
  async makeReadOnly(): Promise<void> {
    await this.client.replicaof('127.0.0.1', 1);
  }

  async makeWritable(): Promise<void> {
    await this.client.replicaof('NO', 'ONE');
  }

  /** Snapshots fail from now on, so every write is a MISCONF; reads work. */
  async breakSnapshots(): Promise<void> {
    // A folder in the snapshot's place: the finished file cannot be renamed over it.
    await rm(this.snapshot, { recursive: true, force: true });
    await mkdir(this.snapshot);
    await this.configure('save', '3600 1');
    await this.saveUntil('err');
  }

  async mendSnapshots(): Promise<void> {
    await rmdir(this.snapshot);
    await this.saveUntil('ok');
    await this.configure('save', '');
  }

  /** Everybody but the test itself needs a password that nobody has, and is thrown out. */
  async revoke(): Promise<void> {
    await this.configure('requirepass', randomBytes(16).toString('hex'));
    await this.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }

  async grant(): Promise<void> {
    await this.configure('requirepass', '');
  }

  /** Sets its data aside as they are now. */
  async copyData(): Promise<void> {
    await rm(this.copy, { recursive: true, force: true });
    await cp(this.data, this.copy, { recursive: true });
  }

  /** kill -9, and a restart on the data that `copyData` set aside: a restored backup, a lost disk. */
  async rollBack(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true });
    await cp(this.copy, this.data, { recursive: true });
    await this.restart();
  }

  /** kill -9, and a restart with nothing: a new machine in its place. */
  async restartEmpty(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true });
    await this.restart();
  }

  override async stop(): Promise<void> {
    this.client.disconnect();
    await super.stop();
  }

  protected launch(): Promise<RunningServer> {
    const { port } = this.server;
    return startRedis({ dataDir: join(this.folder, 'redis'), port, settings: this.settings });
  }

  private get data(): string {
    return join(this.folder, 'redis', 'appendonlydir');
  }

  private get copy(): string {
    return join(this.folder, 'older');
  }

  private get snapshot(): string {
    return join(this.folder, 'redis', 'dump.rdb');
  }

  private async saveUntil(status: 'ok' | 'err'): Promise<void> {
    for (;;) {
      await this.client.bgsave().catch(() => undefined);
      const info = await this.client.info('persistence');
      if (info.includes(`rdb_last_bgsave_status:${status}`)) return;
    }
  }
}

const ROLE = 'service';

/**
 * A private Postgres. The service's role owns the database and passes row level security, as on Supabase, and is
 * no superuser: rights can be taken from it. Tables come with the first start of a service.
 */
export class FaultyPostgres extends FaultyStore {
  readonly directUrl: string;
  readonly url: string;
  private readonly pool: pg.Pool;

  private constructor(proxy: Proxy, server: RunningServer, folder: string, password: string) {
    super(proxy, server, folder);
    this.directUrl = server.url;
    const url = new URL(proxy.through(server.url));
    url.username = ROLE;
    url.password = password;
    this.url = url.href;
    // What makes the service's transactions read-only must not keep the test from undoing it.
    const options = '-c default_transaction_read_only=off';
    this.pool = new pg.Pool({ connectionString: server.url, max: 3, options });
    this.pool.on('error', () => undefined);
  }

  static async start(): Promise<FaultyPostgres> {
    const folder = await temporaryFolder();
    initPostgres({ dataDir: join(folder, 'postgres'), sync: false });
    const server = await launchPostgres(folder);
    const password = randomBytes(16).toString('hex');
    const store = new FaultyPostgres(await Proxy.before(server.url), server, folder, password);
    await store.query(`create role ${ROLE} login bypassrls password '${password}'`);
    await store.query(`alter database openta owner to ${ROLE}`);
    return store;
  }

  /** Runs one statement past the proxy, as a superuser, and gives its rows. */
  async query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  /** Ends every connection of the service, as a failover or an administrator would. @returns how many. */
  async killBackends(): Promise<number> {
    const rows = await this.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${ROLE}'`,
    );
    return rows.length;
  }

  /** For transactions that begin from now on; those of the service's connections too. */
  async makeReadOnly(): Promise<void> {
    await this.query('alter system set default_transaction_read_only = on');
    await this.query('select pg_reload_conf()');
  }

  async makeWritable(): Promise<void> {
    await this.query('alter system reset default_transaction_read_only');
    await this.query('select pg_reload_conf()');
  }

  /** @param right such as `insert on conversation_messages` */
  async revoke(right: string): Promise<void> {
    await this.query(`revoke ${right} from ${ROLE}`);
  }

  async grant(right: string): Promise<void> {
    await this.query(`grant ${right} to ${ROLE}`);
  }

  override async stop(): Promise<void> {
    this.thaw();
    await this.pool.end();
    await super.stop();
  }

  protected launch(): Promise<RunningServer> {
    return launchPostgres(this.folder, this.server.port);
  }
}

function launchPostgres(folder: string, port?: number): Promise<RunningServer> {
  // Processes are killed here, never the machine: what the kernel was given is kept without fsync.
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };
  return startPostgres({ dataDir: join(folder, 'postgres'), port, settings });
}

import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import { Breaker, BreakerOpen } from '../breaker/breaker.js';
import { Environment } from '../config/environment.js';
import { failureWord } from './failure-word.js';
import { PROBE_KEY } from './keys.js';
import { ClientLane, Lane, RedisUnavailable, type ScriptReply } from './lane.js';
import { PatientLane } from './patient-lane.js';
import type { Script } from './script.js';
import { readServerInfo, riskOf, type ServerInfo } from './server-info.js';

// A turn that has to wait longer for Redis is quicker with Postgres.
const REQUEST_TIMEOUT_MS = 500;
// Sweeps move megabytes, and nobody waits for them.
const BACKGROUND_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 2000;
// A connection that a router has forgotten stays silent for a quarter of an hour before the kernel gives it up.
const SILENT_FOR_MS = 1500;
const RECONNECT_DELAY_MS = 200;
const PROBE_TTL_MS = 60_000;

/**
 * The two clients of the service, and what is known of the server behind them.
 * `requests` fails at once while Redis is away; `background` (flush, sweep) always tries; `patient` is for requests
 * that look through much: over the background client, and only while Redis is trusted.
 * Guaranteed: a command is sent at most once, and never under the epoch of another server run: the epoch
 * is read on each new connection before the breaker lets a request through.
 */
@Injectable()
export class RedisConnection implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly requests: Lane;
  readonly background: Lane;
  readonly patient: Lane;
  readonly breaker: Breaker;

  private readonly logger = new Logger(RedisConnection.name);
  private readonly requestClient: Redis;
  private readonly backgroundClient: Redis;
  private readonly beforeClose: ((isNewRun: boolean) => Promise<void>)[] = [];
  private canDoWithout = () => false;
  private runId = '';
  // Which of the server's connections requests went through last, and in which run of the server.
  private connection = { runId: '', id: 0 };
  private serverRisk: string | null = null;

  constructor(environment: Environment) {
    const options = {
      ...(environment.redisPassword !== undefined && { password: environment.redisPassword }),
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: () => RECONNECT_DELAY_MS,
      // By default an unanswered command is sent again when the connection is back: one append became two.
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
    } satisfies RedisOptions;
    const client = (commandTimeout: number) =>
      new Redis(environment.redisUrl, {
        ...options,
        commandTimeout,
        socketTimeout: commandTimeout + SILENT_FOR_MS,
      });
    this.requestClient = client(REQUEST_TIMEOUT_MS);
    this.backgroundClient = client(BACKGROUND_TIMEOUT_MS);
    this.breaker = new Breaker({
      name: 'Redis',
      // A script answers with codes of its own; whatever is thrown says that the server is away or unfit.
      trips: () => true,
      probe: () => this.probe(),
      onChange: (open, cause) => this.reportChange(open, cause),
    });
    this.requests = new GuardedLane(this.requestClient, this.breaker);
    this.background = new ClientLane(this.backgroundClient);
    this.patient = new PatientLane(this.background, this.breaker);
    for (const each of [this.requestClient, this.backgroundClient]) {
      // The breaker reports what matters; without a listener each failed reconnect would be printed.
      each.on('error', () => undefined);
    }
    this.requestClient.on('close', () => this.breaker.trip(new Error('the connection was closed')));
    this.requestClient.on('ready', () => void this.breaker.probe());
  }

  /** The run id of the server: what a session was filled under. */
  get epoch(): string {
    return this.runId;
  }

  /**
   * Looks whether Redis answers and takes writes, and opens the breaker if not. With nothing to fall back on it
   * has as long as any command: given up, it would take the turns with it.
   */
  async suspect(patienceMs: number): Promise<void> {
    const ms = this.canDoWithout() ? patienceMs : REQUEST_TIMEOUT_MS;
    await this.breaker.suspect(() => this.tryWrite(), ms);
  }

  /** Registers what tells whether turns can be kept without Redis now. */
  fallBackWhile(canDoWithout: () => boolean): void {
    this.canDoWithout = canDoWithout;
  }

  /**
   * Registers what has to be done before Redis is trusted again after an outage. It is told whether the server was
   * restarted, or replaced, since the last time.
   */
  recoverWith(recover: (isNewRun: boolean) => Promise<void>): void {
    this.beforeClose.push(recover);
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.allSettled([this.requestClient.connect(), this.backgroundClient.connect()]);
    await this.breaker.probe();
  }

  onApplicationShutdown(): void {
    this.breaker.stop();
    this.requestClient.disconnect();
    this.backgroundClient.disconnect();
  }

  /** What `accepted` cannot promise with this server's settings, in words for an operator; null: all well. */
  get risk(): string | null {
    return this.serverRisk;
  }

  /** What the server says of itself. @throws Error while it is away. */
  async serverInfo(): Promise<ServerInfo> {
    return readServerInfo(await this.backgroundClient.info());
  }

  private async probe(): Promise<void> {
    const info = readServerInfo(await this.requestClient.info());
    this.noteRisk(info);
    await this.endFormerConnection(info.runId);
    await this.tryWrite();
    for (const recover of this.beforeClose) await recover(info.runId !== this.runId);
    this.runId = info.runId;
  }

  /** A full, read-only or failing disk shows only in a write. */
  private async tryWrite(): Promise<void> {
    await this.requestClient.set(PROBE_KEY, '1', 'PX', PROBE_TTL_MS);
  }

  /**
   * What a connection that was given up still has on its way must not be carried out after the recovery: it
   * could double a turn in its session, or fill that with what the archive had before.
   */
  private async endFormerConnection(runId: string): Promise<void> {
    try {
      const id = await this.requestClient.client('ID');
      const former = this.connection;
      if (former.runId === runId && former.id !== id) {
        await this.requestClient.client('KILL', 'ID', former.id);
      }
      this.connection = { runId, id };
    } catch (error) {
      // Some hosted servers do not allow it. In the archive each turn stands once all the same.
      if (!(error instanceof ReplyError)) throw error;
    }
  }

  private noteRisk(info: ServerInfo): void {
    const risk = riskOf(info);
    if (risk !== null && risk !== this.serverRisk) this.logger.error(`Redis: ${risk}`);
    this.serverRisk = risk;
  }

  private reportChange(open: boolean, cause: unknown): void {
    if (!open) return this.logger.log('Redis is in use');
    this.logger.warn(`Redis is away (${failureWord(cause)})`);
  }
}

/** A lane that doesn't wait for a server that is known to be away. */
class GuardedLane extends Lane {
  private readonly lane: ClientLane;

  constructor(
    client: Redis,
    private readonly breaker: Breaker,
  ) {
    super();
    this.lane = new ClientLane(client);
  }

  async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ScriptReply> {
    try {
      return await this.breaker.run(() => this.lane.run(script, keys, args));
    } catch (error) {
      throw error instanceof BreakerOpen ? new RedisUnavailable(error) : error;
    }
  }
}

import { ConfigModule } from '@nestjs/config';
import { type EncryptionKey, readEncryptionKeys } from './encryption-keys.js';
import { type JwtSettings, readAdminToken, readJwtSettings } from './identity.js';
import { readTrustedProxies, type TrustedProxies } from './trusted-proxies.js';
import { InvalidEnvironment, type RawEnvironment, Variables } from './variables.js';

export const HISTORY_MODES = ['hybrid', 'redis', 'database', 'client'] as const;
export type HistoryMode = (typeof HISTORY_MODES)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every setting of the service: validated once, typed, with its unit in its name. */
export class Environment {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly historyMode: HistoryMode;

  readonly redisUrl: string;
  readonly redisPassword: string | undefined;
  readonly databaseUrl: string;
  /** In `redis` mode an ended conversation is archived only where the operator named a database. */
  readonly databaseUrlGiven: boolean;
  readonly databaseMigrationUrl: string;
  /** Copies that may be read where some moments do not matter. */
  readonly databaseReplicaUrls: readonly string[];
  readonly migrateOnStart: boolean;

  readonly sessionTtlSeconds: number;
  readonly maxTurnsPerSession: number;
  readonly pruneHistoryToTurns: number;
  readonly historyMaxTokens: number;
  readonly historyStrategy: 'relevance' | 'recency';
  /** `all`: also older turns that the session has no more. */
  readonly historyDepth: 'session' | 'all';
  readonly historyTokenizer: 'o200k_base' | 'estimate';
  readonly flushAfterEachTurn: boolean;
  readonly sweepIntervalSeconds: number;
  readonly maxUnsyncedTurns: number;

  /** Idle conversations become archived after so many days; archived ones are erased after so many more, 0: never. */
  readonly archiveAfterDays: number;
  readonly retentionDays: number;

  /** null: `AUTH_MODE=none`. */
  readonly jwt: JwtSettings | null;
  readonly adminToken: string | undefined;
  readonly trustedProxies: TrustedProxies;
  /** Turns a minute for one caller; 0: no limit. */
  readonly chatRateLimit: number;
  /** The first one writes; none: contents are stored as they are. */
  readonly encryptionKeys: readonly EncryptionKey[];

  readonly answerEngine: 'extractive' | 'openai';
  readonly openai: { readonly baseUrl?: string; readonly apiKey?: string; readonly model: string };
  readonly answerTimeoutMs: number;
  /** Silence inside a streamed answer. */
  readonly answerIdleTimeoutMs: number;
  readonly answerMaxBytes: number;
  /** So long after its last sign of life anybody can still keep what a dead instance's answer said. */
  readonly abandonedAnswerMs: number;
  /** Longer than any turn is under way that began before its owner erased everything, or lies there abandoned. */
  readonly erasureMarkMs: number;
  /** An Idempotency-Key is free again after `lapseMs` if its claimant died, and forgotten after `keepMs`. */
  readonly claimTimes: { readonly lapseMs: number; readonly keepMs: number };

  /** What turns are counted by: the sources that they cite, or the phrases of their questions too. */
  readonly analyticsTopics: 'sources' | 'keywords';
  /** Topics of fewer users are not shown; 0: all are. */
  readonly topicMinUsers: number;

  /** Pages of these origins may call the service. */
  readonly corsOrigins: readonly string[];
  readonly docs: boolean;

  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly shutdownGraceMs: number;

  constructor(raw: RawEnvironment) {
    const variables = new Variables(raw);
    this.production = variables.text('NODE_ENV') === 'production';
    this.host = variables.text('HOST') ?? '127.0.0.1';
    this.port = variables.integer('PORT', { default: 3000, min: 0, max: 65_535 });
    this.historyMode = variables.oneOf('HISTORY_MODE', HISTORY_MODES, 'hybrid');

    const postgres = ['postgresql:', 'postgres:'];
    this.redisUrl = variables.url('REDIS_URL', ['redis:', 'rediss:']) ?? 'redis://localhost:6379';
    this.redisPassword = variables.text('REDIS_PASSWORD');
    const databaseUrl = variables.url('DATABASE_URL', postgres);
    this.databaseUrl = databaseUrl ?? 'postgresql://localhost:5432/openta';
    this.databaseUrlGiven = databaseUrl !== undefined;
    this.databaseMigrationUrl =
      variables.url('DATABASE_MIGRATION_URL', postgres) ?? this.databaseUrl;
    this.databaseReplicaUrls = variables.urls('DATABASE_REPLICA_URLS', postgres);
    this.migrateOnStart = variables.boolean('MIGRATE_ON_START', true);

    const count = { min: 1, max: 1_000_000_000 };
    const turns = { min: 1, max: 10_000 };
    this.sessionTtlSeconds = variables.integer('SESSION_TTL', { default: 3600, ...count });
    this.maxTurnsPerSession = variables.integer('MAX_MESSAGES_PER_SESSION', {
      default: 50,
      ...turns,
    });
    this.pruneHistoryToTurns = variables.integer('PRUNE_HISTORY_TO', { default: 20, ...turns });
    this.historyMaxTokens = variables.integer('HISTORY_MAX_TOKENS', { default: 3000, ...count });
    const strategies = ['relevance', 'recency'] as const;
    this.historyStrategy = variables.oneOf('HISTORY_STRATEGY', strategies, 'relevance');
    this.historyDepth = variables.oneOf('HISTORY_DEPTH', ['session', 'all'], 'session');
    const tokenizers = ['o200k_base', 'estimate'] as const;
    this.historyTokenizer = variables.oneOf('HISTORY_TOKENIZER', tokenizers, 'o200k_base');
    this.flushAfterEachTurn = variables.boolean('AUTO_SYNC_TO_DB', true);
    this.sweepIntervalSeconds = readSweepInterval(variables);
    this.maxUnsyncedTurns = variables.integer('MAX_UNSYNCED_TURNS', { default: 100_000, ...count });

    const days = { max: 36_500 };
    this.archiveAfterDays = variables.integer('ARCHIVE_AFTER_DAYS', {
      default: 30,
      min: 1,
      ...days,
    });
    this.retentionDays = variables.integer('RETENTION_DAYS', { default: 0, min: 0, ...days });

    this.jwt = readJwtSettings(variables, this.production);
    this.adminToken = readAdminToken(variables, this.production);
    this.trustedProxies = readTrustedProxies(variables);
    this.chatRateLimit = variables.integer('CHAT_RATE_LIMIT', {
      default: 30,
      min: 0,
      max: 1_000_000,
    });
    this.encryptionKeys = readEncryptionKeys(variables, this.production);

    this.answerEngine = variables.oneOf('ANSWER_ENGINE', ['extractive', 'openai'], 'extractive');
    this.openai = readOpenAi(variables, this.answerEngine === 'openai');
    const milliseconds = { min: 1, max: 3_600_000 };
    this.answerTimeoutMs = variables.integer('ANSWER_TIMEOUT_MS', {
      default: 60_000,
      ...milliseconds,
    });
    this.answerIdleTimeoutMs = variables.integer('ANSWER_IDLE_TIMEOUT_MS', {
      default: 15_000,
      ...milliseconds,
    });
    this.answerMaxBytes = variables.integer('ANSWER_MAX_BYTES', { default: 1_048_576, ...count });

    this.abandonedAnswerMs = this.answerTimeoutMs + ABANDONED_FOR_MS;
    this.erasureMarkMs = this.answerTimeoutMs + ERASURE_MARGIN_MS + this.abandonedAnswerMs;
    this.claimTimes = { lapseMs: this.answerTimeoutMs + CLAIM_MARGIN_MS, keepMs: CLAIM_KEPT_MS };

    this.analyticsTopics = variables.oneOf('ANALYTICS_TOPICS', ['sources', 'keywords'], 'sources');
    if (this.analyticsTopics === 'keywords' && this.encryptionKeys.length === 0) {
      const takes = 'sources, or ENCRYPTION_KEYS beside it: the phrases are kept sealed';
      throw new InvalidEnvironment('ANALYTICS_TOPICS', 'keywords without keys', takes);
    }
    this.topicMinUsers = variables.integer('TOPIC_MIN_USERS', {
      default: 5,
      min: 0,
      max: 1_000_000,
    });

    this.corsOrigins = variables.origins('CORS_ORIGINS');
    this.docs = variables.boolean('DOCS', !this.production);

    this.logLevel = variables.oneOf('LOG_LEVEL', LOG_LEVELS, 'info');
    this.shutdownGraceMs = variables.integer('SHUTDOWN_GRACE_MS', {
      default: 10_000,
      ...milliseconds,
    });
  }
}

// Longer than an answer may take, so that only a dead claimant is ever replaced.
const CLAIM_MARGIN_MS = 10_000;
const CLAIM_KEPT_MS = 24 * 3_600_000;
// Somebody is left to find what a dead instance has left, also when all of them were away for some minutes.
const ABANDONED_FOR_MS = 600_000;
// An answer's end is not yet its turn's: both stores may be slow to take that.
const ERASURE_MARGIN_MS = 60_000;

// What divides a minute, an hour or a day evenly: a cron expression knows no other distances.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

function readSweepInterval(variables: Variables): number {
  const seconds = variables.integer('SYNC_INTERVAL', { default: 300, min: 1, max: DAY / 2 });
  const isEven =
    MINUTE % seconds === 0 ||
    (seconds % MINUTE === 0 && HOUR % seconds === 0) ||
    (seconds % HOUR === 0 && DAY % seconds === 0);
  if (isEven) return seconds;
  const takes = 'seconds that divide a minute, an hour or a day evenly, such as 30, 300 or 7200';
  throw new InvalidEnvironment('SYNC_INTERVAL', `"${seconds}"`, takes);
}

function readOpenAi(variables: Variables, required: boolean): Environment['openai'] {
  const baseUrl = variables.url('OPENAI_BASE_URL', ['http:', 'https:']);
  const apiKey = variables.text('OPENAI_API_KEY');
  const model = variables.text('OPENAI_MODEL');
  if (required && model === undefined) {
    throw new InvalidEnvironment('OPENAI_MODEL', 'nothing', 'the name of a model of that server');
  }
  if (required && baseUrl === undefined && apiKey === undefined) {
    const takes = 'a key, or set OPENAI_BASE_URL to a server that needs none';
    throw new InvalidEnvironment('OPENAI_API_KEY', 'nothing', takes);
  }
  return {
    ...(baseUrl !== undefined && { baseUrl }),
    ...(apiKey !== undefined && { apiKey }),
    model: model ?? '',
  };
}

/**
 * The process's environment over the file `.env`, validated: the only reader of process.env.
 * @throws InvalidEnvironment naming the first wrong variable.
 */
export async function readEnvironment(): Promise<Environment> {
  let environment: Environment | undefined;
  await ConfigModule.forRoot({
    validate: (raw) => {
      environment = new Environment(raw);
      return raw;
    },
  });
  if (!environment) throw new Error('the configuration was not read');
  return environment;
}

import type { PoolClient } from 'pg';

/** From this moment on, and before that one; milliseconds since the epoch. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export const BUCKETS = ['hour', 'day', 'week', 'hour_of_week'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** A Monday, from which all buckets are counted, in UTC. Those of `hour_of_week` lie in the week that begins with it. */
export const MONDAY_MS = Date.UTC(2024, 0, 1);
const MONDAY = `timestamptz '2024-01-01 00:00:00Z'`;

// date_bin only counts; date_trunc would look up the time zone for every turn.
const STARTS: Readonly<Record<Bucket, string>> = {
  hour: `date_bin('1 hour', "timestamp", ${MONDAY})`,
  day: `date_bin('1 day', "timestamp", ${MONDAY})`,
  week: `date_bin('7 days', "timestamp", ${MONDAY})`,
  hour_of_week: `date_bin('1 hour', "timestamp" - (date_bin('7 days', "timestamp", ${MONDAY}) - ${MONDAY}), ${MONDAY})`,
};

export interface UsageFigures {
  readonly startMs: number;
  /** Begun in it. */
  readonly conversations: number;
  readonly turns: number;
  /** Users with a turn in it; who has no identity is nobody. */
  readonly activeUsers: number;
  /** Of the answer engine; null: no turn. */
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

interface UsageRow {
  readonly start: Date;
  readonly conversations: string;
  readonly turns: string;
  readonly users: string;
  readonly latencies: readonly [number, number] | null;
  readonly prompt_tokens: string | null;
  readonly completion_tokens: string | null;
}

/** Of each bucket that has turns, in their order. */
export async function usageOf(
  client: PoolClient,
  range: TimeRange,
  bucket: Bucket,
): Promise<UsageFigures[]> {
  const { rows } = await client.query<UsageRow>(
    `select ${STARTS[bucket]} as start,
            count(*) filter (where seq = 1) as conversations, count(*) as turns,
            count(distinct user_key) as users,
            percentile_disc(array[0.5, 0.95]) within group (order by latency_ms) as latencies,
            sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
       from conversation_messages
      where "timestamp" >= $1 and "timestamp" < $2
      group by 1
      order by 1`,
    bounds(range),
  );
  return rows.map((row) => ({
    startMs: row.start.getTime(),
    conversations: Number(row.conversations),
    turns: Number(row.turns),
    activeUsers: Number(row.users),
    p50LatencyMs: row.latencies?.[0] ?? null,
    p95LatencyMs: row.latencies?.[1] ?? null,
    promptTokens: Number(row.prompt_tokens),
    completionTokens: Number(row.completion_tokens),
  }));
}

export interface TopicFigures {
  readonly topic: string;
  readonly turns: number;
  readonly users: number;
}

export interface TopicLimits {
  /** Topics of fewer users are not shown. */
  readonly minUsers: number;
  readonly maxTopics: number;
}

interface TopicRow {
  readonly topic: string;
  readonly turns: string;
  readonly users: string;
}

/** The sources that most turns cite. */
export async function sourceTopicsOf(
  client: PoolClient,
  range: TimeRange,
  { minUsers, maxTopics }: TopicLimits,
): Promise<TopicFigures[]> {
  // Each user once for each source first: to count them distinct at once would sort all turns.
  const { rows } = await client.query<TopicRow>(
    `with cited as (
       select unnest(sources) as topic, user_key from conversation_messages
        where "timestamp" >= $1 and "timestamp" < $2
     ), by_user as (
       select topic, user_key, count(*) as turns from cited group by topic, user_key
     )
     select topic, sum(turns) as turns, count(user_key) as users from by_user
      group by topic
     having count(user_key) >= $3
      order by turns desc, topic
      limit $4`,
    [...bounds(range), minUsers, maxTopics],
  );
  return rows.map(({ topic, turns, users }) => ({
    topic,
    turns: Number(turns),
    users: Number(users),
  }));
}

export interface CohortFigures {
  /** Monday, 00:00 UTC. */
  readonly weekMs: number;
  /** Whose first conversation began in that week. */
  readonly users: number;
  /** How many of them had a turn so many weeks later; a week in which nobody had one is not in it. */
  readonly active: ReadonlyMap<number, number>;
}

interface CohortRow {
  readonly week: Date;
  readonly users: string;
  readonly later: string | null;
  readonly active: string;
}

/** Those weeks in which anybody came for the first time, in their order. */
export async function cohortsOf(
  client: PoolClient,
  { fromMs, toMs }: TimeRange,
): Promise<CohortFigures[]> {
  const { rows } = await client.query<CohortRow>(
    `with first_seen as (
       select hashtextextended(user_id, 0) as user_key, min(created_at) as at from conversation_sessions
        where user_id is not null and erased_at is null
        group by user_id
     ), members as (
       select user_key, date_bin('7 days', at, ${MONDAY}) as week from first_seen
        where at >= $1 and at < $2
     ), active as (
       select user_key, date_bin('7 days', "timestamp", ${MONDAY}) as week from conversation_messages
        where "timestamp" >= $1 and "timestamp" < $2 and user_key is not null
        group by 1, 2
     ), sizes as (
       select week, count(*) as users from members group by week
     ), returns as (
       select m.week, extract(day from a.week - m.week) / 7 as later, count(*) as active
         from members m join active a using (user_key)
        where a.week >= m.week
        group by 1, 2
     )
     select week, users, later, active from sizes left join returns using (week) order by week, later`,
    bounds({ fromMs, toMs }),
  );
  const weeks = [...new Set(rows.map(({ week }) => week.getTime()))];
  return weeks.map((weekMs) => {
    const own = rows.filter(({ week }) => week.getTime() === weekMs);
    const active = own.flatMap(({ later, active }): [number, number][] =>
      later === null ? [] : [[Number(later), Number(active)]],
    );
    return { weekMs, users: Number(own[0]!.users), active: new Map(active) };
  });
}

/** As parameters of a statement. */
export const bounds = ({ fromMs, toMs }: TimeRange): [Date, Date] => [
  new Date(fromMs),
  new Date(toMs),
];

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { metricOf } from '../support/metrics.js';
import { readExpression } from '../support/promql.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
// What Prometheus adds to every sample by itself.
const ADDED = new Set(['instance', 'job']);

const dashboard = readFileSync(`${DEPLOY}grafana/conversations.json`, 'utf8');
const alerts = readFileSync(`${DEPLOY}prometheus/alerts.yml`, 'utf8');

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

const { panels } = JSON.parse(dashboard) as Dashboard;
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr, legendFormat }): [title: string, expr: string, shows: string] => [
    title,
    expr,
    legendFormat,
  ]),
);
const rules = alerts
  .split(/^\s*- alert: /m)
  .slice(1)
  .map((text): [string, string, string] => {
    const name = text.slice(0, text.indexOf('\n'));
    return [name, /^ *expr: (.*)$/m.exec(text)![1]!, text];
  });

const redis = await createRedis();
const database = await createDatabase();
const service = await startService({ REDIS_URL: redis.url, DATABASE_URL: database.url });

/** Of each metric that the service emits, the labels that its samples have, with their values. */
const emitted = new Map<string, Map<string, Set<string>>>();

beforeAll(async () => {
  const { conversation_id } = await begin(service);
  await goOn(service, conversation_id);
  await service.request('GET', '/nowhere');
  // A flush that fails has a reason.
  await database.query('alter table conversation_messages rename to misplaced');
  await begin(service);
  await eventually(async () => {
    if (!(await metrics()).includes('sync_failures_total{')) throw new Error('not yet');
  });
  await database.query('alter table misplaced rename to conversation_messages');
  for (const line of (await metrics()).split('\n')) {
    const [, name, labels] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = emitted.get(name) ?? new Map<string, Set<string>>();
    emitted.set(name, known);
    for (const [, label, value] of (labels ?? '').matchAll(/(\w+)="([^"]*)"/g)) {
      known.set(label!, (known.get(label!) ?? new Set()).add(value!));
    }
  }
});

const metrics = async () => (await service.request<string>('GET', '/metrics')).body;

/** What of an expression the service does not emit, and what of the labels shown it does not leave over. */
function missingOf(promql: string, shows: string): string[] {
  const { selectors, by } = readExpression(promql);
  const labels = new Set(
    selectors.flatMap(({ metric }) => [...(emitted.get(metric)?.keys() ?? [])]),
  );
  const shown = [...shows.matchAll(/\{\{ *(?:\$labels\.)?(\w+) *\}\}/g)].map(([, name]) => name!);
  return [
    ...selectors.filter(({ metric }) => !emitted.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, labels: matched }) =>
      matched
        .filter(({ name, value }) => !emitted.get(metric)?.get(name)?.has(value))
        .map(({ name, value }) => `${metric}{${name}="${value}"}`),
    ),
    ...by.filter((label) => !labels.has(label)),
    ...shown.filter((label) => !by.includes(label) && !ADDED.has(label)),
  ];
}

describe('the Grafana dashboard', () => {
  it('has panels, each with an id of its own', () => {
    expect(queries.length).toBeGreaterThan(15);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it.each(queries)('shows what the service emits: %s: %s', (_title, expr, shows) => {
    expect(readExpression(expr).selectors).not.toEqual([]);
    expect(missingOf(expr, shows)).toEqual([]);
  });
});

describe('the alert rules', () => {
  it('warn of lag, dead letters, a store or the engine that is away, and errors', () => {
    const names = rules.map(([name]) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'TurnsWaitForPostgres',
        'DeadLetters',
        'StoreAway',
        'AnswerEngineAway',
        'ManyErrors',
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(rules)('go by what the service emits: %s: %s', (_name, expr, text) => {
    expect(readExpression(expr).selectors).not.toEqual([]);
    expect(missingOf(expr, text)).toEqual([]);
  });

  it('would not pass with a name or label that the service has not', () => {
    expect(missingOf('rate(no_such_total[5m]) > 1', '')).toEqual(['no_such_total']);
    expect(missingOf('max by (shop) (store_away) == 1', '')).toEqual(['shop']);
    expect(missingOf('store_away{store="mysql"}', '')).toEqual(['store_away{store="mysql"}']);
    expect(missingOf('max(store_away)', '{{store}}')).toEqual(['store']);
  });
});

describe('the metrics behind them', () => {
  it('say which store is away', async () => {
    expect(await metrics()).toContain('store_away{store="redis"} 0');
    expect(await metrics()).toContain('store_away{store="postgres"} 0');
    await redis.stop();
    await eventually(async () => expect(await metrics()).toContain('store_away{store="redis"} 1'));
  });

  it('count a reply by its class, but none to whoever watches', async () => {
    const count = (status: string) => metricOf(service, `http_replies_total{status="${status}"}`);
    const [ok, wrong] = [await count('2xx'), await count('4xx')];
    await service.request('GET', '/health/live');
    await service.request('GET', '/nowhere');
    await service.chat({ query: 'What is AI?', meta_params: { is_incognito: true } });
    await eventually(async () => expect(await count('4xx')).toBe(wrong + 1));
    await eventually(async () => expect(await count('2xx')).toBe(ok + 1));
  });
});

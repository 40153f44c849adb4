import { element, fill } from '../shared/elements.js';
import { asCount, asMany, asShare, asTime } from './figures.js';

/**
 * @typedef {{ name: string, value: string, more?: string, mood?: 'good' | 'warn' | 'bad' }} Tile
 * @typedef {import('./metrics-text.js').Metrics} Metrics
 */

// Longer than a flush soon after a turn takes, shorter than it takes until somebody misses something.
const LAG_WARN_SECONDS = 30;
const MEMORY_WARN = 0.8;

/**
 * The state of the service, one figure a tile.
 * @param {Element} root
 * @param {any} health as GET /health/sessions has it
 * @param {Metrics | null} metrics null: they are for administrators
 * @param {number} nowMs
 */
export function showTiles(root, health, metrics, nowMs) {
  const tiles = [...healthTiles(health, nowMs), ...(metrics ? metricTiles(metrics) : [])];
  fill(
    root,
    ...tiles.map(({ name, value, more, mood }) =>
      element(
        'div',
        { class: 'tile', 'data-mood': mood },
        element('dt', {}, name),
        element('dd', { class: 'value' }, value),
        more && element('dd', { class: 'note' }, more),
      ),
    ),
  );
}

/** @param {any} health @param {number} nowMs @returns {Tile[]} */
function healthTiles(health, nowMs) {
  const { last_sweep: sweep, oldest_unsynced_seconds: lag, dirty_conversations: dirty } = health;
  const isHealthy = health.status === 'healthy';
  return [
    {
      name: 'Service',
      value: isHealthy ? 'healthy' : 'degraded',
      mood: isHealthy ? 'good' : 'bad',
    },
    storeTile('Redis', health.redis_healthy),
    storeTile('Postgres', health.database_healthy),
    { name: 'Sessions', value: asCount(health.active_sessions), more: 'in Redis' },
    { name: 'Dirty', value: asCount(dirty), more: 'conversations' },
    {
      name: 'Lag',
      value: asTime(lag),
      more: 'of the oldest turn',
      ...(lag > LAG_WARN_SECONDS && { mood: 'warn' }),
    },
    {
      name: 'Last sweep',
      value: sweep
        ? `${asTime(Math.max(0, (nowMs - Date.parse(sweep.at)) / 1000))} ago`
        : 'none yet',
      ...(sweep && {
        more: `${asMany(sweep.turns, 'turn')}, ${asCount(sweep.failed)} failed`,
      }),
      ...(sweep?.failed > 0 && { mood: 'bad' }),
    },
  ];
}

/** Behind each store stands a breaker: open, the service does without the store. @param {string} name @param {boolean} isUp @returns {Tile} */
const storeTile = (name, isUp) => ({
  name,
  value: isUp ? 'up' : 'away',
  more: isUp ? 'breaker closed' : 'breaker open',
  mood: isUp ? 'good' : 'bad',
});

/** @param {Metrics} metrics @returns {Tile[]} */
function metricTiles(metrics) {
  const letters = metrics.sum('dead_letters');
  const memory = metrics.sum('redis_memory_used_ratio');
  const isEngineAway = metrics.sum('answer_engine_away') === 1;
  return [
    { name: 'Unsynced', value: asCount(metrics.sum('unsynced_turns')), more: 'turns' },
    { name: 'Dead letters', value: asCount(letters), ...(letters && { mood: 'bad' }) },
    {
      name: 'Answer engine',
      value: isEngineAway ? 'away' : 'up',
      more: isEngineAway ? 'breaker open' : 'breaker closed',
      mood: isEngineAway ? 'bad' : 'good',
    },
    {
      name: 'Our own time',
      value: asTime(metrics.quantile('turn_latency_seconds', 0.95, { step: 'total' })),
      more: 'p95 of a turn',
    },
    {
      name: 'Engine’s time',
      value: asTime(metrics.quantile('answer_latency_seconds', 0.95)),
      more: 'p95 of an answer',
    },
    {
      name: 'Turns kept',
      value: asCount(metrics.sum('messages_saved_total')),
      more: 'since its start',
    },
    {
      name: 'Without Redis',
      value: asCount(metrics.sum('redis_fallback_total')),
      more: 'requests',
    },
    {
      name: 'Redis’s memory',
      value: memory === 0 ? 'no limit' : asShare(memory),
      ...(memory !== null && memory > MEMORY_WARN && { mood: 'warn' }),
    },
  ];
}

import { callJson } from '../shared/http.js';
import { chart } from './charts.js';

/** @typedef {{ from: string, to: string }} Range */

/**
 * Turns, people, latency and tokens, day by day.
 * @param {Range} range
 * @param {import('./csv.js').Save} save
 */
export async function usageCharts({ from, to }, save) {
  const path = `/analytics/usage?from=${from}&to=${to}&bucket=day`;
  const data = await callJson('GET', path);
  const labels = data.map((/** @type {any} */ each) => each.start.slice(0, 10));
  const series = (/** @type {string} */ label, /** @type {string} */ field, more = {}) => ({
    label,
    data: data.map((/** @type {any} */ each) => each[field]),
    ...more,
  });
  const daily = { of: 'day', labels, table: { path, file: `usage-since-${from}.csv` }, save };
  const stack = { stack: 'tokens' };
  const line = { isLine: true };
  return [
    chart({
      ...daily,
      title: 'Use',
      type: 'bar',
      series: [
        series('turns', 'turns'),
        series('conversations', 'conversations', line),
        series('active users', 'active_users', line),
      ],
    }),
    chart({
      ...daily,
      title: 'Latency of answers',
      type: 'line',
      unit: 'ms',
      series: [series('median', 'p50_latency_ms'), series('95th percentile', 'p95_latency_ms')],
    }),
    chart({
      ...daily,
      title: 'Tokens',
      type: 'bar',
      series: [
        series('in prompts', 'prompt_tokens', stack),
        series('in answers', 'completion_tokens', stack),
      ],
    }),
  ];
}

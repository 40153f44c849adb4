import { callJson } from '../shared/http.js';
import { chart } from './charts.js';

const MOST_TOPICS = 12;

/**
 * What is asked about, by the papers that answers cite.
 * @param {import('./usage.js').Range} range
 * @param {import('./csv.js').Save} save
 */
export async function topicsChart({ from, to }, save) {
  const path = `/analytics/topics?by=sources&from=${from}&to=${to}&limit=${MOST_TOPICS}`;
  const data = await callJson('GET', path);
  return chart({
    title: 'Topics, by cited paper',
    type: 'bar',
    isLying: true,
    table: { path, file: `topics-since-${from}.csv` },
    save,
    of: 'topic',
    labels: data.map((/** @type {any} */ each) => each.topic),
    series: [
      { label: 'turns', data: data.map((/** @type {any} */ each) => each.turns) },
      { label: 'users', data: data.map((/** @type {any} */ each) => each.users) },
    ],
  });
}

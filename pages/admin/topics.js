import { callJson } from '../shared/http.js';
import { chart } from './charts.js';

/** @typedef {'sources' | 'keywords'} By what topics are told by: the papers that answers cite, or phrases of questions */

const MOST_TOPICS = 12;

const TITLES = {
  sources: 'Topics, by cited paper',
  keywords: 'Topics, by words of questions',
};

/**
 * What is asked about.
 * @param {import('./usage.js').Range} range
 * @param {By} by
 * @param {import('./csv.js').Save} save
 */
export async function topicsChart({ from, to }, by, save) {
  const path = `/analytics/topics?by=${by}&from=${from}&to=${to}&limit=${MOST_TOPICS}`;
  const data = await callJson('GET', path);
  return chart({
    title: TITLES[by],
    type: 'bar',
    isLying: true,
    table: { path, file: `topics-by-${by}-since-${from}.csv` },
    save,
    of: 'topic',
    labels: data.map((/** @type {any} */ each) => each.topic),
    series: [
      { label: 'turns', data: data.map((/** @type {any} */ each) => each.turns) },
      { label: 'users', data: data.map((/** @type {any} */ each) => each.users) },
    ],
  });
}

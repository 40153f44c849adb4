import { element } from '../shared/elements.js';
import { callJson } from '../shared/http.js';
import { asCount, asShare } from './figures.js';
import { figuresPanel, panel } from './panel.js';
import { shadedCell } from './shades.js';
import { wideTable } from './wide-table.js';

/** @typedef {{ week: string, users: number, active: number[] }} Cohort */

const TITLE = 'Retention: users who came again, by weeks after their first';
const TABLE = { path: '/analytics/retention', file: 'retention.csv' };

/**
 * Of those who came first in a week, how many came again in the weeks after it.
 * @param {import('./csv.js').Save} save
 */
export async function retentionPanel(save) {
  /** @type {Cohort[]} */
  const cohorts = await callJson('GET', TABLE.path);
  const seen = cohorts.filter(({ users }) => users > 0);
  if (seen.length === 0) return panel(TITLE, element('p', {}, 'No user has come yet.'));
  const weeks = Math.max(...seen.map(({ active }) => active.length));
  const heads = ['First week', 'Users', ...Array.from({ length: weeks }, (_, n) => `+${n}`)];
  const rows = seen.map(({ week, users, active }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, week),
      element('td', {}, asCount(users)),
      ...active.map((count) =>
        shadedCell(count / users, asShare(count / users), `${count} of ${users}`),
      ),
    ),
  );
  return figuresPanel(TITLE, TABLE, save, wideTable('Cohorts', 'cohorts', heads, rows));
}

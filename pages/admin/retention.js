import { element } from '../shared/elements.js';
import { callJson } from '../shared/http.js';
import { panel } from './charts.js';
import { asCount, asShare } from './figures.js';

const SHADES = 10;

/** Of those who came first in a week, how many came again in the weeks after it. */
export async function retentionPanel() {
  const { data } = await callJson('GET', '/analytics/retention');
  if (data.length === 0) return panel('Retention', element('p', {}, 'Nobody has come yet.'));
  const weeks = Math.max(...data.map((/** @type {any} */ each) => each.weeks.length));
  const names = ['First week', 'Users', ...Array.from({ length: weeks }, (_, n) => `+${n}`)];
  const head = element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name)));
  const rows = data.map((/** @type {any} */ { cohort, users, weeks: active }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, cohort.slice(0, 10)),
      element('td', {}, asCount(users)),
      ...active.map((/** @type {number} */ count) => shareCell(count, users)),
    ),
  );
  const table = element(
    'table',
    { class: 'cohorts' },
    element('thead', {}, head),
    element('tbody', {}, ...rows),
  );
  return panel(
    'Retention: users who came again, by weeks after their first',
    element('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Cohorts' }, table),
  );
}

/** @param {number} count @param {number} users */
function shareCell(count, users) {
  const share = users === 0 ? 0 : count / users;
  const attributes = {
    class: `shade-${Math.round(share * SHADES)}`,
    title: `${count} of ${users}`,
  };
  return element('td', attributes, asShare(share));
}

import { element } from '../shared/elements.js';
import { callJson } from '../shared/http.js';
import { asCount } from './figures.js';
import { figuresPanel } from './panel.js';
import { shadedCell } from './shades.js';
import { wideTable } from './wide-table.js';

/** @typedef {{ weekday: number, hour: number, turns: number }} Hour */

const TITLE = 'Turns by hour of the week';
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour));

/**
 * At which hours of the week turns are asked for.
 * @param {import('./usage.js').Range} range
 * @param {import('./csv.js').Save} save
 */
export async function hoursPanel({ from, to }, save) {
  const path = `/analytics/usage?from=${from}&to=${to}&bucket=hour_of_week`;
  /** @type {Hour[]} */
  const hours = await callJson('GET', path);
  const most = Math.max(1, ...hours.map(({ turns }) => turns));
  const rows = DAYS.map((day, index) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, day),
      ...hours
        .filter(({ weekday }) => weekday === index + 1)
        .map(({ hour, turns }) =>
          shadedCell(turns / most, asCount(turns), `${day} ${hour}:00 UTC: ${turns} turns`),
        ),
    ),
  );
  const file = `hours-of-week-since-${from}.csv`;
  const shown = wideTable(TITLE, 'hours', ['UTC', ...HOURS], rows);
  return figuresPanel(TITLE, { path, file }, save, shown);
}

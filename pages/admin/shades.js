import { element } from '../shared/elements.js';

const SHADES = 10;

/**
 * A cell that is the darker the greater its share is.
 * @param {number} share 0 to 1
 * @param {string} text
 * @param {string} title
 */
export const shadedCell = (share, text, title) =>
  element('td', { class: `shade-${Math.ceil(share * SHADES)}`, title }, text);

/** A table that may be wider than the page. @param {string} label @param {string} className @param {readonly string[]} heads @param {readonly Node[]} rows */
export function wideTable(label, className, heads, rows) {
  const head = element('tr', {}, ...heads.map((each) => element('th', { scope: 'col' }, each)));
  const table = element(
    'table',
    { class: className },
    element('thead', {}, head),
    element('tbody', {}, ...rows),
  );
  // By keyboard, only what has the focus can be scrolled.
  return element('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': label }, table);
}

import { element } from '../shared/elements.js';

/**
 * A table that may be wider than the page.
 * @param {string} label
 * @param {string} className
 * @param {readonly string[]} heads
 * @param {readonly Node[]} rows
 */
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

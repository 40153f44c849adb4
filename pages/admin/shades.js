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

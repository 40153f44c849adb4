import { element } from '../shared/elements.js';
import { csvButton } from './csv.js';

/** A part of the page with its title. @param {string} title @param {...Node} children */
export const panel = (title, ...children) =>
  element('figure', { class: 'panel' }, element('figcaption', {}, title), ...children);

/**
 * The same of figures, which can be saved.
 * @param {string} title
 * @param {import('./csv.js').Table} table
 * @param {import('./csv.js').Save} save
 * @param {...Node} children
 */
export const figuresPanel = (title, table, save, ...children) =>
  panel(
    title,
    csvButton(title, () => save(table)),
    ...children,
  );

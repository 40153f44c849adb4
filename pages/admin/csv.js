import { element } from '../shared/elements.js';
import { call } from '../shared/http.js';

/**
 * Figures as a file.
 * @typedef {object} Table
 * @property {string} path where the API has them
 * @property {string} file what the file is called
 *
 * @typedef {(table: Table) => unknown} Save
 */

// A browser reads the file after the click that saves it, and does not say when it has.
const READ_WITHIN_MS = 60_000;

/** @param {string} title of the figures @param {() => unknown} onclick */
export const csvButton = (title, onclick) =>
  element(
    'button',
    {
      type: 'button',
      class: 'csv',
      'aria-label': `CSV: ${title}`,
      title: 'Save these figures as a file',
      onclick,
    },
    'CSV',
  );

/**
 * Asks for the figures as CSV, with the token, and has the browser save them.
 * @param {Table} table
 * @throws Problem
 */
export async function saveTable({ path, file }) {
  const reply = await call('GET', path, { headers: { accept: 'text/csv' } });
  const href = URL.createObjectURL(await reply.blob());
  element('a', { href, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(href), READ_WITHIN_MS);
}

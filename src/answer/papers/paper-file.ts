import { isStorableText } from '../../conversation/text.js';
import type { Paper } from './paper.js';

const ID = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/u;
const TITLE_MAX_CHARACTERS = 500;
const AUTHORS_MAX = 500;
const AUTHOR_MAX_CHARACTERS = 200;
const URL_MAX_CHARACTERS = 2_000;
// Some ten pages: cutting this much into sentences takes 17 ms while the first question waits.
const TEXT_MAX_CHARACTERS = 20_000;

/** A line of a paper file: a paper, or why it is none. The reason never repeats the line. */
export type PaperLine =
  | { readonly paper: Paper; readonly reason?: never }
  | { readonly paper?: never; readonly reason: string };

/** Reads one line of JSON. Never throws. */
export function readPaperLine(line: string): PaperLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { reason: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { reason: 'not a JSON object' };
  }
  const { id, title, authors, year, url, text } = value as Record<keyof Paper, unknown>;
  if (typeof id !== 'string' || !ID.test(id)) {
    return {
      reason: 'id: 1 to 200 letters, digits and . _ : / -, beginning with a letter or digit',
    };
  }
  if (!isProse(title, TITLE_MAX_CHARACTERS)) {
    return { reason: `title: 1 to ${TITLE_MAX_CHARACTERS} characters` };
  }
  if (!isAuthors(authors)) {
    return { reason: `authors: a list of at most ${AUTHORS_MAX} names` };
  }
  if (typeof year !== 'number' || !Number.isInteger(year) || year < 1000 || year > 9999) {
    return { reason: 'year: a whole number of four digits' };
  }
  if (!isWebAddress(url)) {
    return { reason: `url: an http or https address of at most ${URL_MAX_CHARACTERS} characters` };
  }
  if (!isProse(text, TEXT_MAX_CHARACTERS)) {
    return { reason: `text: 1 to ${TEXT_MAX_CHARACTERS} characters of prose` };
  }
  return { paper: { id, title, authors, year, url, text } };
}

function isProse(value: unknown, maxCharacters: number): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= maxCharacters &&
    isStorableText(value)
  );
}

function isAuthors(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= AUTHORS_MAX &&
    value.every((name) => isProse(name, AUTHOR_MAX_CHARACTERS))
  );
}

function isWebAddress(value: unknown): value is string {
  return isProse(value, URL_MAX_CHARACTERS) && /^https?:\/\//iu.test(value) && URL.canParse(value);
}

// A topic shows long before, and of a megabyte of different words Postgres makes no tsvector.
const MOST_CHARACTERS_READ = 100_000;
// Postgres's parser looks for addresses and paths in them: 100,000 characters of "a_a_a_" took it 72 s, "a1@" no less.
const PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~';

const words = (text: string): string =>
  `translate(left(${text}, ${MOST_CHARACTERS_READ}), '${PUNCTUATION}', repeat(' ', ${PUNCTUATION.length}))`;

/**
 * SQL for the terms of a text: English stems and no English stop words. Words of other languages stay as they are, in
 * texts and in questions alike.
 * @param text an SQL expression
 */
export const termsOf = (text: string): string => `to_tsvector('english', ${words(text)})`;

/** SQL for a query that any term of a text fulfils; of a text without terms it is one that nothing does. */
export const anyTermOf = (text: string): string =>
  `replace(plainto_tsquery('english', ${words(text)})::text, '&', '|')::tsquery`;

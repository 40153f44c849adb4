// A topic shows long before, and of a megabyte of different words Postgres makes no tsvector.
export const MOST_CHARACTERS_READ = 50_000;
// Postgres's parser looks for addresses and paths in them: 100,000 characters of "a_a_a_" took it 72 s, "a1@" no less.
const PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~';

/** SQL for as much of a text as is read, an SQL expression too, with nothing but its words. */
const readable = (text: string): string =>
  `translate(left(${text}, ${MOST_CHARACTERS_READ}), '${PUNCTUATION}', repeat(' ', ${PUNCTUATION.length}))`;

/** SQL for the words of a text as they are, for all languages, and for their English stems. */
export const termsOf = (text: string): string =>
  `(to_tsvector('simple', ${readable(text)}) || to_tsvector('english', ${readable(text)}))`;

/** SQL for the words of a turn, a row of the archive; null where they are sealed. */
export const termsOfTurn = (turn: string): string =>
  `case when ${turn}.key_id is null then ${termsOf(`${turn}.question || ' ' || ${turn}.answer`)} end`;

/**
 * SQL for a query that any word of a text fulfils, or null where there is none: turns are said in sentences, and to ask for
 * all words of one finds nothing. English words without a meaning of their own count only where there are no others.
 */
export const anyTermOf = (text: string): string => `(
  with words as (
    select lexeme, to_tsvector('english', lexeme) = '' as is_stop from unnest(to_tsvector('simple', ${readable(text)}))
     union
    select lexeme, false from unnest(to_tsvector('english', ${readable(text)}))
  )
  select string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ')::tsquery
    from words
   where not is_stop or not exists (select from words where not is_stop)
)`;

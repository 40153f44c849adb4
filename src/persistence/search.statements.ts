import { HIT_BEGIN, HIT_END, MARKUP, MARKUP_AWAY } from '../conversation/snippet.js';

// A tsvector has at most a megabyte, and a turn that has more must not be refused for it. So many characters make half
// of one at worst.
const MAX_CHARACTERS = 50_000;

/** SQL of a text's words as they are, for all languages, and of their English stems. */
const termsOf = (text: string): string =>
  `(to_tsvector('simple', ${text}) || to_tsvector('english', ${text}))`;

const textOf = (turn: string): string =>
  `left(${turn}.question || E'\\n' || ${turn}.answer, ${MAX_CHARACTERS})`;

/** SQL of what is found of a turn; null where it is sealed. */
export const termsOfTurn = (turn: string): string =>
  `case when ${turn}.key_id is null then ${termsOf(textOf(turn))} end`;

// Turns are said in sentences: to ask for all words of one finds nothing, so any will do, and rank sorts them. English
// words without a meaning of their own are left out, unless there are no others.
const ASKED = `
  words as (
    select lexeme, to_tsvector('english', lexeme) = '' as is_stop from unnest(to_tsvector('simple', $2))
     union
    select lexeme, false from unnest(to_tsvector('english', $2))
  ), asked as (
    select string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ')::tsquery as query
      from words
     where not is_stop or not exists (select from words where not is_stop)
  )`;

const SNIPPET = [
  `StartSel=${HIT_BEGIN}`,
  `StopSel=${HIT_END}`,
  'MaxFragments=2',
  'MaxWords=30',
  'MinWords=12',
  'FragmentDelimiter=" … "',
].join(', ');

// Characters beyond the second list's length go.
const shownText = (text: string): string =>
  `translate(${text}, '${MARKUP}${HIT_BEGIN}${HIT_END}${MARKUP_AWAY}', '${MARKUP_AWAY}')`;

/**
 * The best hits of one owner: $1 owner, $2 words, $3 limit. The owner's conversations first, each with its turns by their
 * index: with a GIN index over everybody's turns a common word costs what all others have said.
 */
export const SEARCH = `
  with ${ASKED}, own as materialized (
    select s.conversation_id, s.title,
           coalesce(ts_rank(setweight(${termsOf('s.title')}, 'A'), asked.query, 1), 0) as title_rank
      from asked cross join conversation_sessions s
     where s.user_id = $1 and s.erased_at is null and s.key_id is null and asked.query is not null
    union all
    select s.conversation_id, null, 0
      from conversation_sessions s
     where s.user_id = $1 and s.erased_at is null and s.key_id is not null
  ), hits as (
    select m.id, own.conversation_id, m.seq, own.title, m.matches,
           case when m.matches then ts_rank(m.terms, m.query, 1) else 0 end + own.title_rank as score, m.query
      from own cross join lateral (
        select t.id, t.seq, t.terms, t.terms @@ asked.query as matches, asked.query
          from asked cross join lateral (
            select id, seq, coalesce(terms, ${termsOfTurn('c')}) as terms
              from conversation_messages c
             where c.conversation_id = own.conversation_id and c.key_id is null
            offset 0
          ) t
      ) m
     where m.matches or (m.seq = 1 and own.title_rank > 0)
     order by score desc, m.id desc
     limit $3
  )
  select hits.id, hits.conversation_id, hits.seq, hits.title, hits.score,
         ts_headline('english',
           ${shownText(`case when hits.matches then ${textOf('m')} else hits.title end`)},
           hits.query, '${SNIPPET}') as snippet
    from hits join conversation_messages m using (id)
   order by hits.score desc, hits.id desc`;

import { HIT_BEGIN, HIT_END, MARKUP, MARKUP_AWAY } from '../conversation/snippet.js';
import { anyTermOf, MOST_CHARACTERS_READ, termsOf, termsOfTurn } from './terms.js';

const textOf = (turn: string): string =>
  `left(${turn}.question || E'\\n' || ${turn}.answer, ${MOST_CHARACTERS_READ})`;

const SNIPPET = [
  `StartSel=${HIT_BEGIN}`,
  `StopSel=${HIT_END}`,
  'MaxFragments=2',
  'MaxWords=30',
  'MinWords=12',
  'FragmentDelimiter=" … "',
].join(', ');

// Signs that hold up Postgres's parser for minutes when there are many; the words beside them are found without.
const SLOW = '_~@';

// Characters beyond the second list's length go.
const shownText = (text: string): string =>
  `translate(${text}, '${SLOW}${MARKUP}${HIT_BEGIN}${HIT_END}${MARKUP_AWAY}', '${' '.repeat(SLOW.length)}${MARKUP_AWAY}')`;

/**
 * The best hits of one owner: $1 owner, $2 words, $3 limit. The owner's conversations first, each with its turns by their
 * index: with a GIN index over everybody's turns a common word costs what all others have said.
 */
export const SEARCH = `
  with asked as (
    select ${anyTermOf('$2')} as query
  ), own as materialized (
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

import { Injectable } from '@nestjs/common';
import { LATE, within } from '../breaker/within.js';
import { hasCode } from '../conversation/errors.js';
import { OlderTurns, type RelatedTurnsRequest } from '../conversation/older-turns.js';
import type { EarlierTurn } from '../conversation/turn.js';
import { readWithin } from './bounded-read.js';
import { Database } from './database.js';
import { anyTermOf, termsOfTurn } from './terms.js';

// A hundred times what it takes. Later, the answer is worth more than what it might have said.
const PATIENCE_MS = 500;
const BOUNDS = {
  withinMs: PATIENCE_MS,
  tooSlow: 'Older turns take too long to be looked through.',
};
// What is found is ranked again by rules that know rare words from common ones: of a long talk in short messages, 40
// matches brought half of the evidence, 150 as good as all of it.
const MOST_MATCHES = 150;
// Many prompts full, of matches and once more of their neighbours. What is longer by itself fits none.
const MOST_BYTES = 256 * 1024;

interface FoundRow {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
  readonly sources: string[];
  readonly timestamp: Date;
  readonly tokens: number | null;
}

/** Looks through the archived turns of one conversation: 10,000 take some 25 ms. */
@Injectable()
export class DatabaseOlderTurns extends OlderTurns {
  constructor(private readonly database: Database) {
    super();
  }

  async related(request: RelatedTurnsRequest): Promise<EarlierTurn[]> {
    const found = await within(PATIENCE_MS, this.search(request).catch(noneWhileAway));
    if (found !== LATE) return found;
    // The next question should not wait as long for a server that is frozen.
    void this.database.suspect(PATIENCE_MS);
    return [];
  }

  private async search(request: RelatedTurnsRequest): Promise<EarlierTurn[]> {
    const { conversationId, owner, beforeSeq, text, fragments } = request;
    const { rows } = await readWithin(this.database, BOUNDS, (client) =>
      client.query<FoundRow>(
        `with readable as not materialized (
           select m.*, octet_length(m.question) + octet_length(m.answer) as bytes
             from conversation_messages m
             join conversation_sessions s using (conversation_id)
            where conversation_id = $1 and s.user_id is not distinct from $2 and s.erased_at is null
              and m.seq < $3 and m.key_id is null
         ), asked as (
           select ${anyTermOf('$4::text')} as query
         ), matches as (
           select seq, ts_rank(terms, query, 1) as rank
             from (select seq, question, answer, bytes,
                          coalesce(terms, ${termsOfTurn('readable')}) as terms
                     from readable) as read, asked
            where bytes <= $7
              and (terms @@ query
                   or (cardinality($5::text[]) > 0 and question || ' ' || answer like any($5::text[])))
            order by rank desc, seq desc
            limit $6
         ), near as (
           select seq, bool_or(seq = match) as is_match, max(rank) as rank
             from (select seq as match, rank, unnest(array[seq - 1, seq, seq + 1]) as seq from matches) as beside
            group by seq
         ), added as (
           select seq, sum(bytes) over (partition by is_match order by rank desc, seq desc) as bytes
             from near join readable using (seq)
            where bytes <= $7
         )
         select id, question, answer, sources, "timestamp", tokens
           from readable
          where seq in (select seq from added where bytes <= $7)
          order by seq`,
        [
          conversationId,
          owner,
          beforeSeq,
          text,
          fragments.map((fragment) => `%${fragment}%`),
          MOST_MATCHES,
          MOST_BYTES,
        ],
      ),
    );
    return rows.map(({ timestamp, ...turn }) => ({ ...turn, createdAt: timestamp.getTime() }));
  }
}

function noneWhileAway(error: unknown): [] {
  if (hasCode(error, 'storage_unavailable')) return [];
  throw error;
}

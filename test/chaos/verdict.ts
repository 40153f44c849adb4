import { type ArchivedRow, describe, orderOf } from './order.js';
import type { Run } from './run.js';

/** What clients were told against what Postgres has, after the drain. */
export interface Verdict {
  readonly acknowledged: number;
  readonly lost: string[];
  readonly doubled: string[];
  readonly reordered: string[];
  /** Written around a Redis that held an earlier turn, which another instance had to archive. */
  readonly overtaking: number;
  readonly wentWithRedis: number;
  readonly erasedYetThere: string[];
}

export async function judge({ book, stage }: Run): Promise<Verdict> {
  const rows = await stage.archive.query<ArchivedRow>(
    'select id, conversation_id, seq::integer as seq, question from conversation_messages order by 2, 3',
  );
  const conversations = await stage.postgres.query<{ id: string; erased: boolean }>(
    'select conversation_id as id, erased_at is not null as erased from conversation_sessions',
  );
  const erased = new Set(conversations.flatMap((row) => (row.erased ? [row.id] : [])));
  const archived = new Map(rows.map((row) => [row.id, row]));
  const turns = [...book.turns.values()].filter((turn) => {
    return !(book.erasing.has(turn.conversationId) && erased.has(turn.conversationId));
  });
  const missing = turns.filter((turn) => archived.get(turn.turnId)?.question !== turn.question);
  // What Redis lost while its flush was under way came late: that is Redis's loss too, though nothing is missing.
  const inOrder = turns.filter((turn) => book.isKept(turn));
  const { reordered, overtaking } = orderOf(inOrder, rows, book);
  return {
    acknowledged: book.turns.size,
    lost: missing.filter((turn) => !book.wentWithRedis(turn)).map(describe),
    wentWithRedis: missing.filter((turn) => book.wentWithRedis(turn)).length,
    doubled: doubledIn(rows),
    reordered,
    overtaking,
    erasedYetThere: conversations.flatMap((row) =>
      book.erased.has(row.id) && !row.erased ? [row.id] : [],
    ),
  };
}

function doubledIn(rows: readonly ArchivedRow[]): string[] {
  const seen = new Map<string, ArchivedRow>();
  return rows.flatMap((row) => {
    const first = seen.get(row.question);
    seen.set(row.question, row);
    return first
      ? [`${row.question}: turns ${first.id} and ${row.id} of ${row.conversation_id}`]
      : [];
  });
}

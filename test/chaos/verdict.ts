import type { BookedTurn } from './book.js';
import type { Run } from './run.js';

/** What clients were told against what Postgres has, after the drain. */
export interface Verdict {
  readonly acknowledged: number;
  readonly lost: string[];
  readonly doubled: string[];
  readonly reordered: string[];
  /** Written around a Redis that held an earlier turn of the conversation unsynced. */
  readonly overtaking: number;
  readonly wentWithRedis: number;
  readonly erasedYetThere: string[];
}

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly conversation_id: string;
  readonly seq: number;
  readonly question: string;
}

export async function judge({ book, stage }: Run): Promise<Verdict> {
  const rows = await stage.archive.query<Row>(
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
  const { reordered, overtaking } = orderOf(inOrder, archived);
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

const describe = ({ turnId, conversationId, durability, question }: BookedTurn): string =>
  `${durability} turn ${turnId} of ${conversationId} (${question})`;

function doubledIn(rows: readonly Row[]): string[] {
  const seen = new Map<string, Row>();
  return rows.flatMap((row) => {
    const first = seen.get(row.question);
    seen.set(row.question, row);
    return first
      ? [`${row.question}: turns ${first.id} and ${row.id} of ${row.conversation_id}`]
      : [];
  });
}

/** A turn that was asked after another one's reply has to stand behind it. */
function orderOf(turns: readonly BookedTurn[], archived: ReadonlyMap<string, Row>) {
  const conversations = new Map<string, BookedTurn[]>();
  for (const turn of turns) {
    if (!archived.has(turn.turnId)) continue;
    const group = conversations.get(turn.conversationId);
    if (group) group.push(turn);
    else conversations.set(turn.conversationId, [turn]);
  }
  const reordered: string[] = [];
  let overtaking = 0;
  for (const group of conversations.values()) {
    for (const turn of group) {
      const place = archived.get(turn.turnId)!.seq;
      const behind = group.filter(
        (other) => other.answeredMs < turn.askedMs && archived.get(other.turnId)!.seq > place,
      );
      if (behind.length === 0) continue;
      // Only Postgres can commit around Redis, and only what Redis had alone can be passed by.
      const isOvertaking =
        turn.durability === 'committed' &&
        behind.every(({ durability }) => durability === 'accepted');
      if (isOvertaking) overtaking++;
      else reordered.push(`${describe(turn)} stands before ${behind.map(describe).join(', ')}`);
    }
  }
  return { reordered, overtaking };
}

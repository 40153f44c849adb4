import type { PoolClient } from 'pg';
import type { NumberedStoredTurn, StoredText } from '../conversation/stored-turn.js';
import { insertTurns, type LockedRow, markHotStale, numbersOf } from './archive.statements.js';

/** A turn as Redis has accepted it. */
export interface AcceptedTurn extends NumberedStoredTurn {
  /** The turn that it followed there; '' when it was the first. */
  readonly previousTurnId: string;
}

/** Turns of one conversation, in their order. */
export interface AcceptedBatch {
  readonly conversationId: string;
  readonly owner: string | null;
  readonly turns: readonly AcceptedTurn[];
  /** Holds the data key of each of them. */
  readonly keyring: string;
  readonly title: StoredText | null;
}

export interface ArchivedSoFar {
  /** How many turns of the conversation are archived. */
  readonly count: number;
  /** Those of the batch that are among them. */
  readonly turns: readonly AcceptedTurn[];
}

/**
 * Stores those turns that follow directly on what is archived: behind a gap stands a turn that another instance has
 * accepted, and goes first. Marks the conversation: Redis may have lost them. Its row has to be locked, and to have
 * their data keys.
 * @param late behind a gap too: whatever was to fill it is gone
 */
export async function insertAccepted(
  client: PoolClient,
  row: LockedRow,
  batch: AcceptedBatch,
  { late = false } = {},
): Promise<ArchivedSoFar> {
  const { conversationId, turns } = batch;
  const known = await numbersOf(
    client,
    turns.map(({ id }) => id),
  );
  const count = Number(row.turn_count);
  const unknown = turns.filter(({ id }) => !known.has(id));
  const newestId = await newestOf(client, conversationId, count);
  const due = late ? unknown : following({ id: newestId, seq: count }, unknown);
  if (due.length > 0) {
    const { createdAt } = turns[0]!;
    await insertTurns(client, [{ ...batch, createdAt, turns: due }]);
    await markHotStale(client, conversationId, due.at(-1)!.id);
  }
  const stored = turns.filter((turn) => known.has(turn.id) || due.includes(turn));
  return { count: count + due.length, turns: stored };
}

async function newestOf(client: PoolClient, conversationId: string, seq: number): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select id from conversation_messages where conversation_id = $1 and seq = $2',
    [conversationId, seq],
  );
  return rows[0]?.id ?? '';
}

/**
 * Those that follow on one another from this turn on. By their ids, for another turn may have taken a place; and by
 * their places, for a turn that came a second time may stand behind others that Redis alone has.
 */
function following(
  newest: { readonly id: string; readonly seq: number },
  turns: readonly AcceptedTurn[],
): AcceptedTurn[] {
  const due: AcceptedTurn[] = [];
  for (const turn of turns) {
    const { id, seq } = due.at(-1) ?? newest;
    // Whatever has to wait, all behind it do.
    if (turn.previousTurnId !== id || turn.seq !== seq + 1) break;
    due.push(turn);
  }
  return due;
}

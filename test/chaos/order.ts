import type { Attempt, Book, BookedTurn } from './book.js';
import type { InstanceProcess } from './instance-process.js';

/** A turn as Postgres has it. */
export interface ArchivedRow extends Record<string, unknown> {
  readonly id: string;
  readonly conversation_id: string;
  readonly seq: number;
  readonly question: string;
}

// What a request gets that has kept nothing, and will not.
const KEEPS_NOTHING = new Set([404, 409, 412, 502, 504]);

export const describe = ({ turnId, conversationId, durability, question }: BookedTurn): string =>
  `${durability} turn ${turnId} of ${conversationId} (${question})`;

/**
 * A turn that was asked after another one's reply has to stand behind it. The one exception is counted apart: it was
 * written around Redis, which held an accepted turn, by a process that could not archive that one first.
 */
export function orderOf(
  turns: readonly BookedTurn[],
  rows: readonly ArchivedRow[],
  book: Book,
): { reordered: string[]; overtaking: number } {
  const reordered: string[] = [];
  let overtaking = 0;
  for (const conversationId of new Set(turns.map((turn) => turn.conversationId))) {
    const order = new Order(
      rows.filter((row) => row.conversation_id === conversationId),
      book,
    );
    const group = turns.filter((turn) => turn.conversationId === conversationId);
    for (const turn of group) {
      const behind = group.filter((other) => order.isPassed(other, turn));
      if (behind.length === 0) continue;
      if (order.isOvertaking(turn, behind)) overtaking++;
      else reordered.push(`${describe(turn)} stands before ${behind.map(describe).join(', ')}`);
    }
  }
  return { reordered, overtaking };
}

/** One conversation as it is archived. */
class Order {
  private readonly places: ReadonlyMap<string, number>;

  constructor(
    private readonly rows: readonly ArchivedRow[],
    private readonly book: Book,
  ) {
    this.places = new Map(rows.map(({ id, seq }) => [id, seq]));
  }

  isPassed(other: BookedTurn, by: BookedTurn): boolean {
    return other.answeredMs < by.askedMs && this.placeOf(other) > this.placeOf(by);
  }

  /** Only Postgres can commit around Redis, and only what Redis had alone can be passed by. */
  isOvertaking(turn: BookedTurn, behind: readonly BookedTurn[]): boolean {
    if (turn.durability !== 'committed') return false;
    const writers = this.keepersOf(turn.question, ({ process, sentMs, endedMs, status }) =>
      process.lackedRedis(sentMs, status === null ? Infinity : endedMs),
    );
    return writers.some((writer) =>
      behind.every(
        (passed) => passed.durability === 'accepted' && this.hadToWait(passed, turn, writer),
      ),
    );
  }

  /**
   * Whoever wrote `by` could not have archived this one before it: this one, or one before it in Redis, was another
   * one's to archive, or had its place taken already, by a turn that is judged by itself.
   */
  private hadToWait(passed: BookedTurn, by: BookedTurn, writer: InstanceProcess): boolean {
    const place = this.placeOf(by);
    return this.rows.some(({ id, seq, question }) => {
      if (seq <= place || seq > this.placeOf(passed)) return false;
      const booked = this.book.turns.get(id);
      // One that was under way by then may have been taken by Redis, unheard, before it was written around that.
      // Whatever else is committed stood before nothing in Redis.
      if (booked?.durability === 'committed') return booked.askedMs < by.askedMs;
      const isPlaceTaken = booked !== undefined && booked.seq < place;
      return isPlaceTaken || this.keepersOf(question).some((keeper) => keeper !== writer);
    });
  }

  /** Those that may have kept this turn. */
  private keepersOf(
    question: string,
    may: (attempt: Attempt) => boolean = () => true,
  ): InstanceProcess[] {
    return this.book
      .attemptsOf(question)
      .filter((attempt) => !KEEPS_NOTHING.has(attempt.status ?? 0) && may(attempt))
      .map(({ process }) => process);
  }

  /** NaN stands before nothing, and nothing before it. */
  private placeOf({ turnId }: BookedTurn): number {
    return this.places.get(turnId) ?? NaN;
  }
}

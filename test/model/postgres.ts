import type { TurnId } from './redis.js';
import type { Rule } from './rules.js';

export interface Batch {
  readonly id: string;
  readonly turns: readonly TurnId[];
}

interface Row {
  /** Element i has seq i + 1. */
  turns: TurnId[];
  deadLetters: TurnId[];
  mark: string | null;
  erased: boolean;
}

/** These very turns are refused; the transaction left nothing. */
export class Poison extends Error {}

/** Postgres as the protocol sees it: the transactions of src/persistence, each atomic. */
export class ModelPostgres {
  reachable = true;
  private readonly rows = new Map<string, Row>();
  private marks = 0;

  constructor(
    private readonly removed: ReadonlySet<Rule>,
    private readonly isPoison: (turn: TurnId) => boolean,
  ) {}

  /** Read by the checks; the service asks with `tail`. */
  row(id: string): Readonly<Row> {
    return this.rows.get(id) ?? { turns: [], deadLetters: [], mark: null, erased: false };
  }

  /** @throws Poison. @returns for each batch whether it is erased, and the places of its turns. */
  commit(batches: readonly Batch[]): { erased: boolean; numbers: number[] }[] {
    const refused = batches.some(
      ({ id, turns }) => !this.row(id).erased && turns.some(this.isPoison),
    );
    if (refused) throw new Poison();
    return batches.map(({ id, turns }) => {
      const row = this.insertRow(id);
      if (!row.erased) for (const turn of turns) this.insertTurn(row, turn);
      return { erased: row.erased, numbers: turns.map((turn) => row.turns.indexOf(turn) + 1) };
    });
  }

  bury(id: string, turn: TurnId): boolean {
    const row = this.insertRow(id);
    if (!row.erased && !row.deadLetters.includes(turn)) row.deadLetters.push(turn);
    return row.erased;
  }

  /** Tries a dead letter again; the session in Redis will lack it. @returns false when it is refused again. */
  retryDeadLetter(id: string, turn: TurnId): boolean {
    const row = this.rows.get(id);
    if (!row?.deadLetters.includes(turn) || this.isPoison(turn)) return false;
    row.deadLetters = row.deadLetters.filter((each) => each !== turn);
    this.insertTurn(row, turn);
    row.mark = turn;
    return true;
  }

  /** One turn around Redis. @throws Poison. @returns its place, or null where nothing takes it. */
  append(id: string, turn: TurnId, create: boolean): number | null {
    if (!create && !this.rows.has(id)) return null;
    if (this.isPoison(turn)) throw new Poison();
    const row = this.insertRow(id);
    if (row.erased) return null;
    const present = row.turns.indexOf(turn);
    if (present >= 0 && !this.removed.has('insert-once')) return present + 1;
    this.insertTurn(row, turn);
    row.mark = turn;
    return row.turns.length;
  }

  tail(id: string, maxTurns: number): { turns: TurnId[]; count: number } | null {
    const row = this.rows.get(id);
    if (!row || row.erased) return null;
    return { turns: maxTurns > 0 ? row.turns.slice(-maxTurns) : [], count: row.turns.length };
  }

  /** @param unflushed the conversation may be unknown here yet. @returns false where there is none to erase. */
  erase(id: string, unflushed: boolean): boolean {
    const row = unflushed ? this.insertRow(id) : this.rows.get(id);
    if (!row || row.erased) return false;
    if (this.removed.has('tombstone')) this.rows.delete(id);
    const mark = this.removed.has('mark-erased') ? null : `erased ${++this.marks}`;
    Object.assign(row, { turns: [], deadLetters: [], mark, erased: true });
    return true;
  }

  hotStale(): { id: string; mark: string; erased: boolean }[] {
    return [...this.rows].flatMap(([id, { mark, erased }]) =>
      mark === null ? [] : [{ id, mark, erased }],
    );
  }

  clearHotStale(marked: readonly { id: string; mark: string }[]): void {
    for (const { id, mark } of marked) {
      const row = this.rows.get(id);
      if (row && (row.mark === mark || this.removed.has('mark-by-token'))) row.mark = null;
    }
  }

  private insertRow(id: string): Row {
    let row = this.rows.get(id);
    if (!row) this.rows.set(id, (row = { turns: [], deadLetters: [], mark: null, erased: false }));
    return row;
  }

  private insertTurn(row: Row, turn: TurnId): void {
    if (!row.turns.includes(turn) || this.removed.has('insert-once')) row.turns.push(turn);
  }
}

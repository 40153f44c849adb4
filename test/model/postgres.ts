import { POISON } from './process.js';
import type { Rule } from './rules.js';
import type { NewTurn, TurnId } from './session.js';

export interface Batch {
  readonly id: string;
  readonly turns: readonly TurnId[];
  /** Which flush: it is yet to tell Redis. */
  readonly flush: number;
}

export interface Committed {
  readonly erased: boolean;
  /** Somebody else holds its row: nothing was stored. */
  readonly held: boolean;
  /** The place of each turn that is there. */
  readonly numbers: ReadonlyMap<TurnId, number>;
}

export interface Marked {
  readonly id: string;
  readonly mark: string;
  readonly erased: boolean;
}

/** As Redis has accepted it. */
export interface AcceptedTurn {
  readonly turn: TurnId;
  readonly seq: number;
  /** The turn that it followed there; '' when it was the first. */
  readonly previous: TurnId;
}

/** An erased conversation takes nothing any more. */
export const ERASED = Infinity;

export interface Rescued {
  /** How many turns of the conversation are archived. */
  readonly archived: number;
  /** Those of the given ones that are among them. */
  readonly stored: readonly TurnId[];
  /** Those that are since now. */
  readonly due: readonly TurnId[];
}

export type Appended = 'stored' | 'not found' | 'changed' | 'ahead';

interface Row {
  /** Element i has seq i + 1. */
  turns: TurnId[];
  deadLetters: TurnId[];
  mark: string | null;
  erased: boolean;
}

const emptyRow = (): Row => ({ turns: [], deadLetters: [], mark: null, erased: false });

/** Postgres as the protocol sees it: the transactions of src/persistence, each atomic. */
export class ModelPostgres {
  reachable = true;
  private readonly rows = new Map<string, Row>();
  /** Turns whose Idempotency-Key was seen while Redis was away. */
  private readonly claims = new Set<TurnId>();
  private marks = 0;

  constructor(
    private readonly removed: ReadonlySet<Rule>,
    private readonly isPoison: (turn: TurnId) => boolean,
    private readonly onAppended: (turn: NewTurn) => void,
  ) {}

  /** Read by the checks; the service asks with `tail`. */
  row(id: string): Readonly<Row> {
    return this.rows.get(id) ?? emptyRow();
  }

  /** @param held rows that somebody else holds. @throws Poison. */
  commit(batches: readonly Batch[], held: (id: string) => boolean): Committed[] {
    const free = batches.filter(({ id }) => !held(id));
    const isRefused = ({ id, turns }: Batch) => !this.row(id).erased && turns.some(this.isPoison);
    if (free.some(isRefused)) throw POISON;
    return batches.map((batch) => {
      if (!free.includes(batch)) return { erased: false, held: true, numbers: new Map() };
      const row = this.insertRow(batch.id);
      if (!row.erased) for (const turn of batch.turns) this.insertTurn(row, turn);
      const places = batch.turns.map((turn) => [turn, row.turns.indexOf(turn) + 1] as const);
      const numbers = new Map(places.filter(([, seq]) => seq > 0));
      return { erased: row.erased, held: false, numbers };
    });
  }

  /**
   * What follows directly on the archive. @param late whatever it follows on
   * @returns null: its row is held. @throws Poison.
   */
  commitNext(
    id: string,
    accepted: readonly AcceptedTurn[],
    { isHeld, late }: { readonly isHeld: boolean; readonly late: boolean },
  ): Rescued | null {
    if (!late && !this.rows.has(id) && accepted[0]!.seq > 1) {
      return { archived: 0, stored: [], due: [] };
    }
    const { turns, erased } = this.row(id);
    if (isHeld) return null;
    const all = accepted.map(({ turn }) => turn);
    if (erased) return { archived: ERASED, stored: all, due: [] };
    const due: TurnId[] = [];
    for (const { turn, seq, previous } of accepted.filter((each) => !turns.includes(each.turn))) {
      const follows = previous === (due.at(-1) ?? turns.at(-1) ?? '');
      const isNext = follows && seq === turns.length + due.length + 1;
      if (!isNext && !late && !this.removed.has('rescue-in-order')) break;
      due.push(turn);
    }
    if (due.some(this.isPoison)) throw POISON;
    const row = this.insertRow(id);
    for (const turn of due) this.insertTurn(row, turn);
    if (due.length > 0 && !this.removed.has('mark-rescued')) row.mark = due.at(-1)!;
    const stored = all.filter((turn) => row.turns.includes(turn));
    return { archived: row.turns.length, stored, due };
  }

  bury(id: string, turn: TurnId): void {
    const row = this.insertRow(id);
    if (!row.erased && !row.deadLetters.includes(turn)) row.deadLetters.push(turn);
  }

  /** Tries a dead letter again; the session in Redis will lack it. @returns whether it is archived. */
  retryDeadLetter(id: string, turn: TurnId): boolean {
    const row = this.rows.get(id);
    if (!row?.deadLetters.includes(turn) || this.isPoison(turn)) return false;
    this.insertTurn(row, turn);
    if (!this.removed.has('mark-letters')) row.mark = turn;
    return true;
  }

  /**
   * One turn around Redis, and first what Redis had accepted from the same instance, as far as it follows: both or none.
   * @param onNew called before a turn is stored that was not there. @throws Poison.
   */
  appendBehind(
    request: NewTurn,
    accepted: readonly AcceptedTurn[],
    onNew: () => void,
  ): { outcome: Appended; due: readonly TurnId[] } {
    const { id } = request;
    const before = this.rows.get(id);
    const isKnown = before !== undefined && !before.erased;
    const backup = before && { ...before, turns: [...before.turns] };
    const restore = () => (backup ? this.rows.set(id, backup) : this.rows.delete(id));
    try {
      const first = isKnown && accepted.length > 0 ? accepted : [];
      const options = { isHeld: false, late: false };
      const due = first.length > 0 ? this.commitNext(id, first, options)!.due : [];
      const outcome = this.append(request, onNew);
      if (outcome === 'stored') return { outcome, due };
      restore();
      return { outcome, due: [] };
    } catch (error) {
      restore();
      throw error;
    }
  }

  /** @throws Poison. */
  private append(request: NewTurn, onNew: () => void): Appended {
    const { id, turn, create, expected } = request;
    if (!create && !this.rows.has(id)) return 'not found';
    const row = this.row(id);
    if (row.erased) return 'not found';
    if (row.turns.includes(turn) && !this.removed.has('insert-once')) return 'stored';
    const count = row.turns.length;
    if (expected !== undefined && expected !== count && !this.removed.has('if-match-in-postgres')) {
      return expected > count ? 'ahead' : 'changed';
    }
    if (this.isPoison(turn)) throw POISON;
    if (!row.turns.includes(turn)) onNew();
    const written = this.insertRow(id);
    this.insertTurn(written, turn);
    if (!this.removed.has('mark-around')) written.mark = turn;
    this.onAppended(request);
    return 'stored';
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
    for (const turn of this.claims) if (turn.startsWith(id)) this.claims.delete(turn);
    const mark = this.removed.has('mark-erased') ? null : `erased ${++this.marks}`;
    Object.assign(row, { turns: [], deadLetters: [], mark, erased: true });
    return true;
  }

  knows({ id, turn }: NewTurn): boolean {
    return this.claims.has(turn) || this.row(id).turns.includes(turn);
  }

  /** @returns whether the key was seen before. */
  claim(turn: NewTurn): boolean {
    const isKnown = this.knows(turn);
    this.claims.add(turn.turn);
    return isKnown;
  }

  hotStale(): Marked[] {
    return [...this.rows].flatMap(([id, { mark, erased }]) =>
      mark === null ? [] : [{ id, mark, erased }],
    );
  }

  /** @param held rows that somebody else holds keep their mark. */
  clearHotStale(marked: readonly Marked[], held: (id: string) => boolean): void {
    for (const { id, mark } of marked) {
      const row = this.rows.get(id);
      const isTheSame = row?.mark === mark || this.removed.has('mark-by-token');
      if (row && isTheSame && !held(id)) row.mark = null;
    }
  }

  private insertRow(id: string): Row {
    let row = this.rows.get(id);
    if (!row) this.rows.set(id, (row = emptyRow()));
    return row;
  }

  private insertTurn(row: Row, turn: TurnId): void {
    row.deadLetters = row.deadLetters.filter((each) => each !== turn);
    if (!row.turns.includes(turn) || this.removed.has('insert-once')) row.turns.push(turn);
  }
}

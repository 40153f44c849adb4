import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import type { HttpClient, Reply } from './http-client.js';

/** A turn that the service has acknowledged. Times are on the test's own clock. */
export interface AcknowledgedTurn {
  readonly turnId: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly durability: ChatReply['durability'];
  readonly question: string;
  readonly answer: string;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** Turn ids in each. */
export interface Differences {
  /** Acknowledged, and not in the archive as they were answered. */
  readonly lost: string[];
  /** Rows of a question that is stored more often than it was asked, in any conversation. */
  readonly doubled: string[];
  /** Before a turn that had been answered when they were asked; or `committed` with another seq than replied. */
  readonly reordered: string[];
  /**
   * Stands before an accepted turn that had been answered when it was asked: it was written around a Redis
   * that held that one unsynced.
   */
  readonly overtaking: string[];
}

export interface Asked {
  readonly conversationId?: string;
  readonly durability?: 'accepted' | 'committed';
  readonly headers?: Record<string, string>;
}

/** Something that runs SQL: a TestDatabase, a FaultyPostgres. */
interface Queryable {
  query<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
}

interface ArchivedRow extends Record<string, unknown> {
  readonly id: string;
  readonly conversation_id: string;
  readonly seq: number;
  readonly question: string;
  readonly answer: string;
}

// Of all ledgers of a test file, which share a database: what was booked, and how often each question may be stored.
const bookedIds = new Set<string>();
const timesAsked = new Map<string, Set<string>>();

/**
 * Books every turn that was acknowledged, and holds it against Postgres at the end.
 * In one conversation each question may be asked once only (retries with its Idempotency-Key aside), and in all no more
 * often than it is asked here: by that doubles are known.
 */
export class Ledger {
  private readonly turns = new Map<string, AcknowledgedTurn>();

  get acknowledged(): readonly AcknowledgedTurn[] {
    return [...this.turns.values()];
  }

  /** Asks, and books the turn if it is acknowledged. */
  async ask(service: HttpClient, question: string, asked: Asked = {}): Promise<Reply<ChatReply>> {
    const { conversationId, durability, headers } = asked;
    const meta_params = {
      conversation_id: conversationId ?? null,
      ...(durability && { durability }),
    };
    noteAsked(question, headers?.['idempotency-key']);
    const askedMs = performance.now();
    const reply = await service.chat({ query: question, meta_params }, headers);
    if (reply.status === 200) this.book(question, reply.body, askedMs);
    return reply;
  }

  /** As `ask`, for a turn that has to be acknowledged. @throws Error when it isn't. */
  async turn(service: HttpClient, question: string, asked: Asked = {}): Promise<AcknowledgedTurn> {
    const { status, body } = await this.ask(service, question, asked);
    if (status === 200) return this.turns.get(body.turn_id!)!;
    throw new Error(`the turn got ${status}: ${JSON.stringify(body)}`);
  }

  async compare(database: Queryable): Promise<Differences> {
    const rows = await database.query<ArchivedRow>(
      `select id, conversation_id, seq::integer as seq, question, answer
         from conversation_messages order by conversation_id, seq`,
    );
    const archived = new Map(rows.map((row) => [row.id, row]));
    const outOfOrder = this.outOfOrder(archived);
    return {
      lost: this.acknowledged
        .filter((turn) => !isSame(turn, archived.get(turn.turnId)))
        .map(({ turnId }) => turnId),
      doubled: this.doubledIn(rows),
      reordered: outOfOrder.flatMap(({ id, overtaking }) => (overtaking ? [] : [id])),
      overtaking: outOfOrder.flatMap(({ id, overtaking }) => (overtaking ? [id] : [])),
    };
  }

  /** Rows that no ledger has booked: of turns whose callers heard nothing good, or of none. */
  static async straysIn(database: Queryable): Promise<string[]> {
    const rows = await database.query<{ id: string }>('select id from conversation_messages');
    return rows.flatMap(({ id }) => (bookedIds.has(id) ? [] : [id]));
  }

  private book(question: string, body: ChatReply, askedMs: number): void {
    const { turn_id, conversation_id, seq, durability, answer } = body;
    // A retry is told the same; what counts is when the turn was acknowledged first.
    if (turn_id !== null && this.turns.has(turn_id)) return;
    if (turn_id === null || conversation_id === null || seq === null) {
      throw new Error('a turn that is kept has a place');
    }
    bookedIds.add(turn_id);
    this.turns.set(turn_id, {
      turnId: turn_id,
      conversationId: conversation_id,
      seq,
      durability,
      question,
      answer,
      askedMs,
      answeredMs: performance.now(),
    });
  }

  private doubledIn(rows: readonly ArchivedRow[]): string[] {
    const own = new Set(this.acknowledged.map(({ conversationId }) => conversationId));
    const questions = new Set(this.acknowledged.map(({ question }) => question));
    const again = repeatedIn(
      rows.filter((row) => own.has(row.conversation_id)),
      (row) => `${row.conversation_id} ${row.question}`,
    );
    const tooOften = repeatedIn(
      rows.filter((row) => questions.has(row.question)),
      (row) => row.question,
      (question) => timesAsked.get(question)!.size,
    );
    return [...new Set([...again, ...tooOften])];
  }

  private outOfOrder(archived: ReadonlyMap<string, ArchivedRow>) {
    const placeOf = ({ turnId }: AcknowledgedTurn) => archived.get(turnId)?.seq;
    const conversations = new Map<string, AcknowledgedTurn[]>();
    for (const turn of this.acknowledged) {
      if (placeOf(turn) === undefined) continue;
      const turns = conversations.get(turn.conversationId);
      if (turns) turns.push(turn);
      else conversations.set(turn.conversationId, [turn]);
    }
    return [...conversations.values()].flatMap((turns) =>
      turns.flatMap((turn) => {
        const displaced = turn.durability === 'committed' && placeOf(turn) !== turn.seq;
        const behind = turns.filter(
          (other) => other.answeredMs < turn.askedMs && placeOf(other)! > placeOf(turn)!,
        );
        if (!displaced && behind.length === 0) return [];
        const overtaking =
          !displaced &&
          turn.durability === 'committed' &&
          behind.every(({ durability }) => durability === 'accepted');
        return [{ id: turn.turnId, overtaking }];
      }),
    );
  }
}

/** It stands where it was said to, with what was said. */
function isSame(turn: AcknowledgedTurn, row: ArchivedRow | undefined): boolean {
  return (
    row?.conversation_id === turn.conversationId &&
    row.question === turn.question &&
    row.answer === turn.answer
  );
}

/** A retry with the same key is the same turn. */
function noteAsked(question: string, key?: string): void {
  const times = timesAsked.get(question) ?? new Set();
  timesAsked.set(question, times.add(key ?? `without a key ${times.size}`));
}

/** Those of one name that are there more often than they may. */
function repeatedIn(
  rows: readonly ArchivedRow[],
  nameOf: (row: ArchivedRow) => string,
  mostOf: (name: string) => number = () => 1,
): string[] {
  const seen = new Map<string, number>();
  return rows.flatMap((row) => {
    const name = nameOf(row);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count > mostOf(name) ? [row.id] : [];
  });
}

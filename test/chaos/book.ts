import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import type { InstanceProcess } from './instance-process.js';

/** A turn as its client was told. Times are on the run's own clock. */
export interface BookedTurn {
  readonly turnId: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly durability: string;
  /** Unlike any other question of the run. */
  readonly question: string;
  /** First; the answer may be that to a retry. */
  readonly askedMs: number;
  readonly answeredAttemptMs: number;
  readonly answeredMs: number;
}

/** One request of a turn. */
export interface Attempt {
  /** The process that got it. */
  readonly process: InstanceProcess;
  readonly sentMs: number;
  readonly endedMs: number;
  /** null: cut off, and perhaps carried out all the same. */
  readonly status: number | null;
}

/** What clients were told, and what is known of the turns that went with Redis. */
export class Book {
  readonly turns = new Map<string, BookedTurn>();
  readonly questions = new Map<string, BookedTurn>();
  /** Said of a reply that no fault explains. */
  readonly complaints: string[] = [];
  readonly erasing = new Set<string>();
  readonly erased = new Set<string>();
  private readonly attempts = new Map<string, Attempt[]>();
  private readonly gone = new Map<string, number>();

  complain = (what: string): void => {
    this.complaints.push(what);
  };

  noteAttempt(question: string, attempt: Attempt): void {
    this.attempts.set(question, [...this.attemptsOf(question), attempt]);
  }

  attemptsOf(question: string): readonly Attempt[] {
    return this.attempts.get(question) ?? [];
  }

  /** @returns the turn; a retry is told the same as the first time. */
  note(
    reply: ChatReply,
    question: string,
    { askedMs, attemptMs }: { askedMs: number; attemptMs: number },
  ): BookedTurn {
    const { turn_id, conversation_id, seq, durability } = reply;
    if (turn_id === null || conversation_id === null || seq === null) {
      throw new Error('a turn that is kept has a place');
    }
    const known = this.questions.get(question);
    if (known && known.turnId !== turn_id) {
      this.complain(`a retry was answered with another turn: ${known.turnId}, then ${turn_id}`);
    }
    const turn: BookedTurn = {
      turnId: turn_id,
      conversationId: conversation_id,
      seq,
      durability,
      question,
      askedMs,
      answeredAttemptMs: attemptMs,
      answeredMs: performance.now(),
    };
    if (!this.turns.has(turn_id)) this.turns.set(turn_id, turn);
    this.questions.set(question, turn);
    return turn;
  }

  /** These turns were in Redis alone, and Redis has lost them just now. */
  noteGone(turnIds: readonly string[]): void {
    for (const id of turnIds) this.gone.set(id, performance.now());
  }

  /** Its loss is that of Redis: an attempt that began later would have kept it anew. */
  wentWithRedis({ turnId, durability, answeredAttemptMs }: BookedTurn): boolean {
    return durability === 'accepted' && answeredAttemptMs < (this.gone.get(turnId) ?? -Infinity);
  }

  /** No loss of Redis speaks against it. */
  isKept({ turnId }: BookedTurn): boolean {
    return !this.gone.has(turnId);
  }

  turnsOf(conversationId: string): BookedTurn[] {
    return [...this.turns.values()].filter((turn) => turn.conversationId === conversationId);
  }

  /** Redis alone had it, and has lost it. */
  wentWhole(conversationId: string): boolean {
    return !this.turnsOf(conversationId).some((turn) => this.isKept(turn));
  }

  /** Somebody was told of a turn in it that has to be there still. */
  mustExist(conversationId: string): boolean {
    if (this.erasing.has(conversationId)) return false;
    return !this.wentWhole(conversationId);
  }
}

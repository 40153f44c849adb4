import { randomUUID } from 'node:crypto';
import type {
  AnswerHead,
  JournalEvent,
  JournalListener,
  JournalWriter,
} from '../conversation/answer-journal.js';
import type { Sealer } from '../crypto/sealer.js';
import { conversationKeys } from '../redis/keys.js';
import { type Lane, RedisUnavailable } from '../redis/lane.js';
import type { Script } from '../redis/script.js';
import { encodeEntry } from './entries.js';
import { Hold, keysOf, memberOf, SCRIPTS } from './scripts.js';
import { encodeHead } from './head.js';

// What is said within a blink goes together. A write takes Redis 12 µs, so a thousand answers at once are half of what
// one does; longer batches would leave more to be lost with an instance that is killed.
const BATCH_MS = 25;
// So soon a stop is heard also while the engine says nothing.
const HEARTBEAT_MS = 1000;
/** Six signs of life missed: not a slow moment, and a reader hears of it within ten seconds. */
export const DEAD_AFTER_MS = 6000;
const AFTER_FAILURE_MS = 500;
// An answer of an hour, a word every 25 ms, is longer than any; ANSWER_MAX_BYTES bounds what is in them.
const MAX_ENTRIES = 200_000;
/** Readers that were cut off at the end come back for the rest within this time. */
export const KEPT_AFTER_END_MS = 60_000;

/**
 * Puts down the events of one answer in batches, the first at once, and gives signs of life.
 * What Redis does not take now is put down when it is back; what it has lost is put down anew.
 */
export class RedisJournalWriter implements JournalWriter {
  private readonly holder = randomUUID();
  private readonly keys: [string, string, string];
  private written = 0;
  private isOpen = false;
  private isClosed = false;
  /** Some reply was lost, or Redis lost the journal: others may have seen this instance as dead. */
  private isUnsure = false;
  private writing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private lastMs = -Infinity;

  constructor(
    private readonly lane: Lane,
    private readonly sealer: Sealer,
    private readonly head: AnswerHead,
    private readonly events: readonly JournalEvent[],
    private readonly options: { readonly keepMs: number; readonly listener: JournalListener },
  ) {
    this.keys = keysOf(head);
    this.writeIn(0);
  }

  more(): void {
    if (!this.writing) this.writeIn(this.lastMs + BATCH_MS - performance.now());
  }

  async end(event: JournalEvent, keep: boolean): Promise<'ended' | 'taken' | 'unsure'> {
    this.abandon();
    // What became of it is in `isUnsure`.
    await this.writing?.catch(() => undefined);
    // In two steps: whoever finds this instance dead between them knows the answer whole.
    const isBehind = this.isOpen && this.written < this.events.length;
    if (isBehind) await this.writeOnce().catch(() => undefined);
    try {
      if (!this.isOpen && (await this.open()) !== Hold.Alive) return 'unsure';
      const rest = [...this.events.slice(this.written), event];
      const keepMs = keep ? KEPT_AFTER_END_MS : 0;
      const reply = await this.run(SCRIPTS.end, [String(keepMs), this.entryOf(rest)]);
      if (reply === Hold.Taken) return 'taken';
      return reply === Hold.Absent || this.isUnsure ? 'unsure' : 'ended';
    } catch (error) {
      if (error instanceof RedisUnavailable) return 'unsure';
      throw error;
    }
  }

  abandon(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private writeIn(ms: number): void {
    if (this.isClosed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.write(), Math.max(0, ms)).unref();
  }

  private async write(): Promise<void> {
    this.writing = this.writeOnce();
    const next = await this.writing.then(
      () => (this.written < this.events.length ? BATCH_MS : HEARTBEAT_MS),
      () => AFTER_FAILURE_MS,
    );
    this.writing = null;
    this.writeIn(next);
  }

  /** @throws RedisUnavailable. */
  private async writeOnce(): Promise<void> {
    this.lastMs = performance.now();
    try {
      if (!this.isOpen && (await this.open()) !== Hold.Alive) {
        this.abandon();
        return this.options.listener.erased();
      }
      const some = this.events.slice(this.written);
      const text = some.length > 0 ? this.entryOf(some) : '';
      const reply = await this.run(SCRIPTS.write, [
        String(DEAD_AFTER_MS),
        String(this.options.keepMs),
        String(MAX_ENTRIES),
        text,
      ]);
      this.heed(reply, some.length);
    } catch (error) {
      this.isUnsure = true;
      throw error;
    }
  }

  private heed(reply: Hold, count: number): void {
    switch (reply) {
      case Hold.Stop:
      case Hold.Alive:
        this.written += count;
        if (reply === Hold.Stop) this.options.listener.stopWanted();
        break;
      case Hold.Taken:
        this.abandon();
        this.options.listener.taken();
        break;
      case Hold.Absent:
        this.isUnsure = true;
        this.isOpen = false;
        this.written = 0;
        break;
    }
  }

  private async open(): Promise<Hold> {
    const { meta } = conversationKeys(this.head.conversationId);
    const reply = await this.lane.run(
      SCRIPTS.open,
      [...this.keys, meta],
      [
        memberOf(this.head),
        this.holder,
        String(DEAD_AFTER_MS),
        String(this.options.keepMs),
        ...encodeHead(this.head, this.sealer),
      ],
    );
    this.isOpen = reply === Hold.Alive;
    return reply as Hold;
  }

  private entryOf(events: readonly JournalEvent[]): string {
    return encodeEntry(events, this.written, this.head.turnId, this.sealer);
  }

  private async run(script: Script, args: readonly string[]): Promise<Hold> {
    const { lane, keys, head, holder } = this;
    return (await lane.run(script, keys, [memberOf(head), holder, ...args])) as Hold;
  }
}

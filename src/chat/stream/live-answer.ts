import { EventEmitter, once } from 'node:events';
import type { AnswerEvent } from './answer-event.js';
import type { StreamedTurn } from './frames.js';

/**
 * An answer in this process's memory: one who tells it, and any number who read it, each at a pace of its own.
 * A slow reader costs nothing but the list, which all share and the size of the answer bounds.
 */
export class LiveAnswer implements StreamedTurn {
  readonly events: AnswerEvent[] = [];
  private readonly news = new EventEmitter().setMaxListeners(0);

  constructor(
    readonly conversationId: string | null,
    readonly turnId: string | null,
    readonly owner: string | null,
  ) {}

  get hasEnded(): boolean {
    return this.events.at(-1)?.type === 'ended';
  }

  add(event: AnswerEvent): void {
    this.events.push(event);
    this.news.emit('event');
  }

  /** All events from the first to the end, as they come. @throws AbortError. */
  async *read(signal: AbortSignal): AsyncGenerator<readonly AnswerEvent[]> {
    for (let known = 0; ;) {
      if (known < this.events.length) {
        const events = this.events.slice(known);
        known = this.events.length;
        yield events;
      } else if (this.hasEnded) {
        return;
      } else {
        await once(this.news, 'event', { signal });
      }
    }
  }
}

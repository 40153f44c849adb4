import { setTimeout as delay } from 'node:timers/promises';
import type { HttpClient, Reply } from './http-client.js';
import type { Asked, Ledger } from './ledger.js';

// A service that refuses at once would otherwise be asked thousands of times a second.
const AFTER_FAILURE_MS = 20;
const AT_ONCE = 10;

/** Callers that talk without a pause until they are told to stop, each in a conversation of its own. */
export class Load {
  readonly refused: Reply<unknown>[] = [];
  /** Turns whose connection broke. */
  broken = 0;
  private stopped = false;
  private readonly talks: Promise<void>[];

  /**
   * @param instances a caller goes round them, turn by turn
   * @param subject another one for each load of the same conversations: no question comes twice
   */
  constructor(
    private readonly ledger: Ledger,
    private readonly instances: readonly HttpClient[],
    conversationIds: readonly string[],
    private readonly asked: Pick<Asked, 'durability' | 'headers'> = {},
    private readonly subject = 'this',
  ) {
    this.talks = conversationIds.map((id, caller) => this.talk(id, caller));
  }

  /** Turns whose callers heard nothing good: they may be kept or not. */
  get unheard(): number {
    return this.refused.length + this.broken;
  }

  /** Resolves when the turns under way have ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.talks);
  }

  private async talk(conversationId: string, caller: number): Promise<void> {
    for (let turn = 0; !this.stopped; turn++) {
      const instance = this.instances[(caller + turn) % this.instances.length]!;
      const question = `question ${turn} of caller ${caller} on ${this.subject}`;
      const asked = { ...this.asked, conversationId };
      const reply = await this.ledger.ask(instance, question, asked).catch(() => null);
      if (reply === null) this.broken++;
      else if (reply.status !== 200) this.refused.push(reply);
      if (reply?.status !== 200) await delay(AFTER_FAILURE_MS);
    }
  }
}

/** Begins so many conversations, and gives their ids. */
export async function beginMany(
  ledger: Ledger,
  instances: readonly HttpClient[],
  count: number,
  asked: Asked = {},
): Promise<string[]> {
  const callers = Array.from({ length: count }, (_, caller) => caller);
  const first = await someAtOnce(callers, (caller) =>
    ledger.turn(instances[caller % instances.length]!, `first question of caller ${caller}`, asked),
  );
  return first.map(({ conversationId }) => conversationId);
}

/** Does it for each, no more than this machine does in a fraction of the time that a request has for Redis. */
export async function someAtOnce<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE) {
    const some = items.slice(first, first + AT_ONCE);
    results.push(...(await Promise.all(some.map((item, index) => work(item, first + index)))));
  }
  return results;
}

/** The value that this share of the others does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { ClientLane } from '../../src/redis/lane.js';
import type { RestoredSession } from '../../src/session/session.js';
import { SessionStore } from '../../src/session/session.store.js';
import { aTurn } from './turns.js';

export const OWNER = 'user-1';
export const EPOCH = 'epoch-1';
export const CLAIM = { owner: OWNER, epoch: EPOCH };

export const storeOn = (client: Redis, limits: { ttlSeconds?: number; maxTurns?: number } = {}) =>
  new SessionStore(new ClientLane(client), { ttlSeconds: 3600, maxTurns: 50, ...limits });

/** One conversation's session, with what the tests do to it again and again. */
export class TestSession {
  readonly id = randomUUID();
  readonly keys = conversationKeys(this.id);
  /** In order; the turns that were accepted. */
  readonly turns: StoredTurn[] = [];

  constructor(
    readonly store: SessionStore,
    private readonly client: Redis,
  ) {}

  async append(turn: StoredTurn, options: Partial<Parameters<SessionStore['append']>[2]> = {}) {
    const where = { create: false, retry: false, writeBehind: true };
    const usual = { ...CLAIM, ...where, keyring: '', title: null };
    const reply = await this.store.append(this.id, turn, { ...usual, ...options });
    return typeof reply === 'number' ? reply : reply.seq;
  }

  /** Appends turns; the first one creates the session. */
  async fill(count: number): Promise<StoredTurn[]> {
    for (let added = 0; added < count; added++) {
      const turn = aTurn({ question: `question ${this.turns.length + 1}` });
      const seq = await this.append(turn, { create: this.turns.length === 0 });
      if (seq !== this.turns.push(turn)) throw new Error(`the turn got the place ${seq}`);
    }
    return this.turns;
  }

  /** Fills it from the archive, unless anything happens to it meanwhile. */
  async restore(archived: RestoredSession, meanwhile?: () => Promise<unknown>): Promise<void> {
    const ticket = await this.store.reserve(this.id);
    await meanwhile?.();
    await this.store.restore(this.id, archived, EPOCH, ticket ?? 'none');
  }

  recall(claim = CLAIM) {
    return this.store.recall(this.id, claim);
  }

  acknowledge(seq: number, turnId = this.turns[seq - 1]!.id) {
    return this.store.acknowledge(this.id, seq, turnId);
  }

  unsynced(maxTurns = 500, maxBytes = 1_000_000) {
    return this.store.unsynced(this.id, maxTurns, maxBytes);
  }

  /** Everything that Redis knows of it; TTLs as yes or no. */
  async state() {
    const { meta, turns, dirty, active } = this.keys;
    const [fields, list, dirtySince, expiresAt, metaTtl, turnsTtl] = await Promise.all([
      this.client.hgetall(meta),
      this.client.lrange(turns, 0, -1),
      this.client.zscore(dirty, this.id),
      this.client.zscore(active, this.id),
      this.client.pttl(meta),
      this.client.pttl(turns),
    ]);
    const { base, last, synced } = fields;
    return {
      ...(last !== undefined && { base: Number(base), last: Number(last), synced: Number(synced) }),
      turnIds: list.map((turn) => turn.slice(0, 36)),
      dirty: dirtySince !== null,
      active: expiresAt !== null,
      ttl: [metaTtl > 0, turnsTtl > 0],
    };
  }
}

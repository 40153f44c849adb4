import { randomUUID } from 'node:crypto';
import type { StoredText, StoredTurn } from '../conversation/stored-turn.js';
import { conversationKeys, conversationPrefix } from '../redis/keys.js';
import type { Lane, ScriptReply } from '../redis/lane.js';
import type { Script } from '../redis/script.js';
import { decodeTurn, encodeTurn } from './codec.js';
import { keysOf, Refusal, SCRIPTS } from './scripts.js';
import type {
  AppendedTurn,
  AppendOptions,
  ErasedSession,
  FoundInSession,
  RecalledSession,
  RestoredSession,
  SessionClaim,
  SessionLimits,
  UnsyncedTurns,
} from './session.js';

// What somebody who had read the conversation before writes back may be late by as long as a connection keeps what it
// cannot deliver: a quarter of an hour on Linux.
const ERASED_FOR_SECONDS = 3600;
// Longer than the archive takes to be read, and short, as anybody may ask for conversations that there are not.
const RESERVED_FOR_SECONDS = 60;

/** What the scripts give with a session's turns: '' for what it does not have. */
type KeptWithTurns = [keyring: string, title: string, keyId: string];

const keptWithTurns = ([keyring, title, keyId]: KeptWithTurns) => ({
  keyring,
  title: title === '' ? null : ({ text: title, keyId: keyId || null } satisfies StoredText),
});

/**
 * The hot tier: each method is one script, so each happens wholly or not at all.
 * Guaranteed: a turn is dirty from the instant it is there, and unsynced turns are never trimmed or expired.
 * Not guaranteed: that Redis keeps what it acknowledged through a crash; that is what the archive is for.
 */
export class SessionStore {
  constructor(
    private readonly lane: Lane,
    private readonly limits: SessionLimits,
  ) {}

  /** @returns the place of the turn, or why it was not added. */
  async append(
    conversationId: string,
    turn: StoredTurn,
    options: AppendOptions,
  ): Promise<AppendedTurn | Refusal> {
    const createdAt = options.create ? String(turn.createdAt) : '';
    const reply = await this.run(SCRIPTS.append, conversationId, [
      options.owner ?? '',
      options.epoch,
      turn.id,
      encodeTurn(turn),
      String(options.expectedSeq ?? ''),
      createdAt,
      // A retry elsewhere may have been quicker than a first try that hung on its way.
      options.retry || turn.idempotency ? '1' : '',
      options.writeBehind ? '' : String(this.limits.ttlSeconds),
      String(this.limits.maxTurns),
      options.keyring,
      options.title?.text ?? '',
      options.title?.keyId ?? '',
    ]);
    if (typeof reply === 'number') return reply;
    const [seq, previousTurnId] = reply as [number, string];
    return { seq, previousTurnId };
  }

  /** The newest `maxTurns` turns; a clean session lives another TTL. */
  async recall(conversationId: string, claim: SessionClaim): Promise<RecalledSession | Refusal> {
    const reply = await this.run(SCRIPTS.recall, conversationId, [
      claim.owner ?? '',
      claim.epoch,
      String(this.limits.maxTurns),
      String(this.limits.ttlSeconds),
    ]);
    if (typeof reply === 'number') return reply;
    const [last, synced, createdAt, encoded, ...kept] = reply as [
      number,
      number,
      string,
      string[],
      ...KeptWithTurns,
    ];
    const firstSeq = last - encoded.length + 1;
    const turns = encoded.map((each, index) => ({ ...decodeTurn(each), seq: firstSeq + index }));
    const numbers = { lastSeq: last, syncedSeq: synced, createdAt: Number(createdAt) };
    return { ...numbers, turns, ...keptWithTurns(kept) };
  }

  async unsynced(
    conversationId: string,
    maxTurns: number,
    maxBytes: number,
    afterSeq = 0,
  ): Promise<UnsyncedTurns | null> {
    const args = [String(maxTurns), String(maxBytes), String(afterSeq)];
    const reply = await this.lane.run(SCRIPTS.unsynced, keysOf(conversationId), args);
    if (typeof reply === 'number') return null;
    const [synced, last, owner, createdAt, encoded, ...kept] = reply as [
      number,
      number,
      string,
      string,
      string[],
      ...KeptWithTurns,
    ];
    return {
      syncedSeq: synced,
      lastSeq: last,
      owner: owner || null,
      createdAt: Number(createdAt),
      turns: encoded.map(decodeTurn),
      ...keptWithTurns(kept),
    };
  }

  /**
   * @param agreed false when Postgres counts these turns otherwise: then nobody trusts the session any more
   * @returns how many turns are still unsynced, or Missing, or Changed when another turn stands at that seq
   */
  async acknowledge(
    conversationId: string,
    seq: number,
    turnId: string,
    agreed = true,
  ): Promise<number | Refusal> {
    return (await this.run(SCRIPTS.acknowledge, conversationId, [
      String(seq),
      turnId,
      String(this.limits.ttlSeconds),
      String(this.limits.maxTurns),
      agreed ? '' : '1',
    ])) as number;
  }

  /** A session that is dirty for nothing is clean: else each sweep would find it again. */
  async unmark(conversationId: string): Promise<void> {
    await this.run(SCRIPTS.unmark, conversationId, [String(this.limits.ttlSeconds)]);
  }

  /** One turn however old, or null where the session is without it. */
  async find(
    conversationId: string,
    claim: SessionClaim,
    turnId: string,
  ): Promise<FoundInSession | Refusal> {
    const args = [claim.owner ?? '', claim.epoch, turnId];
    const reply = await this.run(SCRIPTS.find, conversationId, args);
    if (typeof reply === 'number') return reply;
    const [seq, encoded, keyring] = reply as [number, string, string] | [];
    const turn = encoded === undefined ? null : { ...decodeTurn(encoded), seq: seq! };
    return { turn, keyring: keyring ?? '' };
  }

  /** The archive has turns that this session lacks: nobody reads it before it was discarded and restored. */
  async distrust(conversationId: string): Promise<void> {
    await this.run(SCRIPTS.distrust, conversationId, []);
  }

  /** To be called before the archive is read. @returns what `restore` has to show; null when there is a session. */
  async reserve(conversationId: string): Promise<string | null> {
    const args = [randomUUID(), String(RESERVED_FOR_SECONDS)];
    const [ticket] = (await this.run(SCRIPTS.reserve, conversationId, args)) as [string?];
    return ticket ?? null;
  }

  /** Fills an absent session, unless anything happened to it since it was reserved. */
  async restore(
    conversationId: string,
    session: RestoredSession,
    epoch: string,
    ticket: string,
  ): Promise<void> {
    await this.run(SCRIPTS.restore, conversationId, [
      session.owner ?? '',
      epoch,
      String(session.createdAt),
      String(session.lastSeq),
      String(this.limits.ttlSeconds),
      ticket,
      session.keyring,
      ...session.turns.map(encodeTurn),
    ]);
  }

  /** @returns false when the session stays: it holds unsynced turns, or another last one or other changes than expected. */
  async drop(
    conversationId: string,
    expected?: { readonly lastSeq: number; readonly changes: number },
  ): Promise<boolean> {
    const { lastSeq = '', changes = '' } = expected ?? {};
    const args = [String(lastSeq), String(changes)];
    return (await this.run(SCRIPTS.drop, conversationId, args)) === 1;
  }

  /** @param afterSeq the turns above this place are given back, as the last that there is of them. */
  async erase(conversationId: string, afterSeq = Infinity): Promise<ErasedSession> {
    const { answers } = conversationKeys(conversationId);
    const after = afterSeq === Infinity ? '' : String(afterSeq);
    const [existed, encoded] = (await this.lane.run(
      SCRIPTS.erase,
      [...keysOf(conversationId), answers],
      [conversationId, String(ERASED_FOR_SECONDS), after, conversationPrefix(conversationId)],
    )) as [number, string[]];
    return { existed: existed === 1, turns: encoded.map(decodeTurn) };
  }

  private run(
    script: Script,
    conversationId: string,
    args: readonly string[],
  ): Promise<ScriptReply> {
    return this.lane.run(script, keysOf(conversationId), [conversationId, ...args]);
  }
}

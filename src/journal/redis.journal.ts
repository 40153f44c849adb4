import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import {
  AnswerJournal,
  type AnswerHead,
  JOURNAL_START,
  type JournalEvent,
  type JournalListener,
  type JournalPage,
  type JournalPlace,
  type JournalState,
  type JournalWriter,
  type RunningAnswer,
  type TakenAnswer,
} from '../conversation/answer-journal.js';
import type { PlannedTurn } from '../conversation/claims.js';
import { storageUnavailable } from '../conversation/errors.js';
import { Vault } from '../crypto/vault.js';
import {
  answerKeys,
  conversationPrefix,
  PARTITIONS,
  partitionKeys,
  partitionOf,
} from '../redis/keys.js';
import { RedisUnavailable, type ScriptReply } from '../redis/lane.js';
import { RedisConnection } from '../redis/redis.connection.js';
import type { Script } from '../redis/script.js';
import { decodeEntries, encodeEntry, type StreamEntry } from './entries.js';
import { decodeHead, type StoredHead } from './head.js';
import { KEPT_AFTER_END_MS, RedisJournalWriter } from './journal.writer.js';
import { keysOf, memberOf, SCRIPTS, turnOfMember } from './scripts.js';

// Longer than a turn takes to be kept; the reader of an answer that was taken over and not ended is told before.
const TAKEN_FOR_MS = 5000;
// A page of some hundred kilobytes.
const PAGE_ENTRIES = 1000;
const PARALLEL_SCRIPTS = 128;
const DEAD_PER_PARTITION = 100;

const STATES: readonly JournalState[] = ['absent', 'running', 'dead', 'taken', 'ended'];

/**
 * Running answers in Redis streams, one for each, with a head that tells what turn it is; both sealed as the turn will
 * be. Who holds an answer says each second that it is alive; when it has not for six, anybody may take it over.
 * Not guaranteed: that the holder is dead. One that was only slow finds it taken, and a turn is kept once by its id.
 */
@Injectable()
export class RedisJournal extends AnswerJournal {
  readonly isShared = true;
  private readonly keepMs: number;

  constructor(
    private readonly redis: RedisConnection,
    private readonly vault: Vault,
    environment: Environment,
  ) {
    super();
    this.keepMs = environment.abandonedAnswerMs;
  }

  open(
    head: AnswerHead,
    events: readonly JournalEvent[],
    listener: JournalListener,
  ): JournalWriter {
    const sealer = this.vault.sealer(head.conversationId, head.keyring);
    const options = { keepMs: this.keepMs, listener };
    return new RedisJournalWriter(this.redis.requests, sealer, head, events, options);
  }

  async running(conversationId: string): Promise<readonly RunningAnswer[]> {
    const { answers } = partitionKeys(partitionOf(conversationId));
    const args = [conversationId, conversationPrefix(conversationId)];
    const found = (await this.run(SCRIPTS.running, [answers], args)) as [string, string, number][];
    return found
      .toSorted(([, , one], [, , other]) => other - one)
      .map(([turnId, owner]) => ({ turnId, owner: owner || null }));
  }

  async read(turn: PlannedTurn, after: JournalPlace): Promise<JournalPage> {
    const args = [memberOf(turn), after.entry, String(PAGE_ENTRIES)];
    const [state, owner, keyring, entries] = (await this.run(SCRIPTS.read, keysOf(turn), args)) as [
      number,
      string,
      string,
      StreamEntry[],
    ];
    const opener = this.vault.opener(turn.conversationId, keyring);
    const { events, next } = decodeEntries(entries, after, turn.turnId, opener);
    return { state: STATES[state]!, owner: owner || null, events, next };
  }

  async stop({ conversationId, turnId }: PlannedTurn): Promise<void> {
    await this.run(SCRIPTS.stop, [answerKeys(conversationId, turnId).head], []);
  }

  async takeOver(turn: PlannedTurn): Promise<TakenAnswer | null> {
    const holder = randomUUID();
    const args = [memberOf(turn), holder, String(TAKEN_FOR_MS)];
    const stored = (await this.run(SCRIPTS.takeOver, keysOf(turn), args)) as StoredHead | [];
    if (stored.length === 0) return null;
    const head = decodeHead(turn, stored, this.vault.opener(turn.conversationId, stored[1]));
    const { events, lastedMs } = await this.readAll(turn, head);
    const sealer = this.vault.sealer(turn.conversationId, head.keyring);
    return {
      head,
      events,
      lastedMs,
      end: async (event, keep) => {
        const entry = encodeEntry([event], events.length, turn.turnId, sealer);
        const keepMs = keep ? KEPT_AFTER_END_MS : 0;
        const end = [memberOf(turn), holder, String(keepMs), entry];
        await this.run(SCRIPTS.end, keysOf(turn), end);
      },
    };
  }

  async dead(): Promise<readonly PlannedTurn[]> {
    const dead: PlannedTurn[] = [];
    for (let first = 0; first < PARTITIONS; first += PARALLEL_SCRIPTS) {
      const some = Array.from({ length: PARALLEL_SCRIPTS }, (_, index) => first + index);
      const members = await Promise.all(
        some.map((partition) =>
          this.run(SCRIPTS.dead, [partitionKeys(partition).answers], [String(DEAD_PER_PARTITION)]),
        ),
      );
      dead.push(...(members.flat() as string[]).map(turnOfMember));
    }
    return dead;
  }

  private async readAll(
    turn: PlannedTurn,
    { keyring }: AnswerHead,
  ): Promise<Pick<TakenAnswer, 'events' | 'lastedMs'>> {
    const opener = this.vault.opener(turn.conversationId, keyring);
    const events: JournalEvent[] = [];
    // By the clock of Redis alone.
    const written: number[] = [];
    let after = JOURNAL_START;
    for (;;) {
      const args = [memberOf(turn), after.entry, String(PAGE_ENTRIES)];
      const reply = (await this.run(SCRIPTS.read, keysOf(turn), args)) as ScriptReply[];
      const entries = reply[3] as unknown as StreamEntry[];
      const page = decodeEntries(entries, after, turn.turnId, opener);
      events.push(...page.events);
      written.push(...page.atMs);
      if (page.next.entry === after.entry) break;
      after = page.next;
    }
    return { events, lastedMs: (written.at(-1) ?? 0) - (written[0] ?? 0) };
  }

  private async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ScriptReply> {
    try {
      return await this.redis.requests.run(script, keys, args);
    } catch (error) {
      throw error instanceof RedisUnavailable ? storageUnavailable(error) : error;
    }
  }
}

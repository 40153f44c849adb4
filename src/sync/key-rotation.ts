import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { Vault } from '../crypto/vault.js';
import { ArchiveKeyrings, type Replacement } from '../persistence/archive.keyrings.js';
import { TopicKeyring } from '../persistence/topic-keyring.js';
import { LOCK_NOT_AVAILABLE, sqlstateOf } from '../persistence/sqlstate.js';
import { PARTITIONS } from '../redis/keys.js';
import { SessionInspector } from '../session/session.inspector.js';
import { SessionKeyrings } from '../session/session.keyrings.js';

/** Keyrings of both stores together. */
export interface RotationReport {
  readonly rewrapped: number;
  /** Had nothing to be wrapped anew. */
  readonly current: number;
  /** Hold a data key that no key of ENCRYPTION_KEYS unwraps. */
  readonly unreadable: number;
  /** Were being written to each time: the next run takes them. */
  readonly inUse: number;
}

type Round = { -readonly [name in keyof RotationReport]: number };

interface Found {
  readonly conversationId: string;
  readonly keyring: string;
}

const PAGE_KEYRINGS = 500;
const PARALLEL_PARTITIONS = 32;
const PARALLEL_SESSIONS = 100;
const MAX_ROUNDS = 10;
const PAUSE_MS = 200;

const nothing = (): Round => ({ rewrapped: 0, current: 0, unreadable: 0, inUse: 0 });

/**
 * Wraps every data key by the first of ENCRYPTION_KEYS, beside the running service. What is current already is
 * passed over, so a run that was killed is finished by the next one.
 * Sessions first: what they bring into the archive from then on is wrapped anew. A session that was filled meanwhile
 * from an archive that was not is found by the next round; rounds follow until one has nothing to do.
 * Not guaranteed: what an instance with an older configuration writes after the last round.
 */
@Injectable()
export class KeyRotation {
  private done = 0;
  private total = 0;

  constructor(
    private readonly vault: Vault,
    @Optional() @Inject(SessionInspector) private readonly sessions: SessionInspector | null,
    @Optional() @Inject(SessionKeyrings) private readonly hot: SessionKeyrings | null,
    @Optional() @Inject(ArchiveKeyrings) private readonly archive: ArchiveKeyrings | null,
    @Optional() @Inject(TopicKeyring) private readonly topics: TopicKeyring | null,
  ) {}

  /** @param progress called with how much of how many was looked at. @throws RedisUnavailable, ServiceError. */
  async run(progress: (done: number, total: number) => void): Promise<RotationReport> {
    const first = await this.round(progress);
    let [last, { rewrapped }] = [first, first];
    for (let rounds = 1; rounds < MAX_ROUNDS && last.rewrapped + last.inUse > 0; rounds++) {
      await delay(PAUSE_MS);
      last = await this.round(progress);
      rewrapped += last.rewrapped;
    }
    const { unreadable, inUse } = last;
    return { rewrapped, current: first.current, unreadable, inUse };
  }

  private async round(progress: (done: number, total: number) => void): Promise<Round> {
    const tally = nothing();
    const advance = (by: number) => progress((this.done += by), this.total);
    this.total += (this.hot ? PARTITIONS : 0) + ((await this.archive?.count()) ?? 0);
    await this.rotateSessions(tally, advance);
    await this.rotateArchive(tally, advance);
    await this.rotateTopicKey(tally);
    return tally;
  }

  private async rotateSessions(tally: Round, advance: (by: number) => void): Promise<void> {
    const { sessions, hot } = this;
    if (!sessions || !hot) return;
    for (let first = 0; first < PARTITIONS; first += PARALLEL_PARTITIONS) {
      const partitions = Array.from({ length: PARALLEL_PARTITIONS }, (_, index) => first + index);
      const known = await Promise.all(partitions.map((each) => sessions.known(each)));
      const ids = known.flat();
      for (let index = 0; index < ids.length; index += PARALLEL_SESSIONS) {
        const some = ids.slice(index, index + PARALLEL_SESSIONS);
        await Promise.all(some.map((id) => this.rotateSession(id, hot, tally)));
      }
      advance(PARALLEL_PARTITIONS);
    }
  }

  private async rotateSession(id: string, hot: SessionKeyrings, tally: Round): Promise<void> {
    const keyring = await hot.read(id);
    const [due] = this.due([{ conversationId: id, keyring }], tally);
    if (!due) return;
    const isReplaced = await hot.replace(id, keyring, due.rewrapped);
    tally[isReplaced ? 'rewrapped' : 'inUse']++;
  }

  private async rotateArchive(tally: Round, advance: (by: number) => void): Promise<void> {
    if (!this.archive) return;
    for (let after = ''; ;) {
      const page = await this.archive.page(after, PAGE_KEYRINGS);
      const due = this.due(page, tally);
      const replaced = due.length > 0 ? await this.replaceAll(due, this.archive) : 0;
      tally.rewrapped += replaced;
      tally.inUse += due.length - replaced;
      advance(page.length);
      if (page.length < PAGE_KEYRINGS) return;
      after = page.at(-1)!.conversationId;
    }
  }

  /** Whoever counts topics has opened it already: nothing waits for this. */
  private async rotateTopicKey(tally: Round): Promise<void> {
    const kept = await this.topics?.read();
    if (!kept) return;
    const [due] = this.due([kept], tally);
    if (due) tally[(await this.topics!.replace(due)) ? 'rewrapped' : 'inUse']++;
  }

  /** What is written to right now is waited for, one by one: it may be so each time. @returns how many were replaced. */
  private async replaceAll(due: readonly Replacement[], archive: ArchiveKeyrings): Promise<number> {
    const replaced = await archive.replace(due, { skipHeld: true });
    for (const each of due.filter(({ conversationId }) => !replaced.has(conversationId))) {
      const late = await archive.replace([each], { skipHeld: false }).catch((error: unknown) => {
        if (sqlstateOf(error) === LOCK_NOT_AVAILABLE) return [];
        throw error;
      });
      for (const id of late) replaced.add(id);
    }
    return replaced.size;
  }

  /** Counts what has to stay as it is. @returns the others. */
  private due(found: readonly Found[], tally: Round): Replacement[] {
    return found.flatMap(({ conversationId, keyring }) => {
      if (keyring === '') return [];
      const { keyring: rewrapped, isUnreadable } = this.vault.rewrap(conversationId, keyring);
      if (isUnreadable) tally.unreadable++;
      if (rewrapped !== keyring) return [{ conversationId, keyring, rewrapped }];
      if (!isUnreadable) tally.current++;
      return [];
    });
  }
}

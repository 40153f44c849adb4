import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ArchiveCheck, type CheckedConversation } from '../persistence/archive.check.js';
import { PARTITIONS } from '../redis/keys.js';
import { type InspectedSession, SessionInspector } from '../session/session.inspector.js';

export interface Violation {
  readonly invariant: string;
  readonly conversationId: string;
  /** Counts and places; never contents. */
  readonly detail: string;
}

const PAGE_CONVERSATIONS = 500;
const PARALLEL_PARTITIONS = 32;
// Two stores are not read at one instant: what is true of a running system has to be seen again to count.
const SECOND_LOOKS = 3;
const SECOND_LOOK_AFTER_MS = 200;

/**
 * Checks what is always true of both stores. Reads only; safe while the service runs.
 * An archived turn that Redis should not have and a session that merely lags are no violations.
 */
@Injectable()
export class Verify {
  constructor(
    private readonly sessions: SessionInspector,
    private readonly archive: ArchiveCheck,
  ) {}

  /** @param progress called with how much of how many was looked at. @throws RedisUnavailable, ServiceError. */
  async run(progress?: (done: number, total: number) => void): Promise<Violation[]> {
    const conversations = await this.archive.countConversations();
    const total = conversations + PARTITIONS;
    let done = 0;
    const advance = (by: number) => progress?.(Math.min((done += by), total), total);
    return [...(await this.checkArchive(advance)), ...(await this.checkSessions(advance))];
  }

  private async checkArchive(advance: (by: number) => void): Promise<Violation[]> {
    const violations: Violation[] = [];
    let after = '';
    for (;;) {
      const page = await this.archive.page(after, PAGE_CONVERSATIONS);
      violations.push(...page.flatMap(archiveViolations));
      advance(page.length);
      if (page.length < PAGE_CONVERSATIONS) return violations;
      after = page.at(-1)!.conversationId;
    }
  }

  private async checkSessions(advance: (by: number) => void): Promise<Violation[]> {
    const violations: Violation[] = [];
    for (let first = 0; first < PARTITIONS; first += PARALLEL_PARTITIONS) {
      const partitions = Array.from({ length: PARALLEL_PARTITIONS }, (_, index) => first + index);
      const known = await Promise.all(partitions.map((each) => this.sessions.known(each)));
      violations.push(...(await this.checkAgain(known.flat())));
      advance(PARALLEL_PARTITIONS);
    }
    return violations;
  }

  private async checkAgain(conversationIds: readonly string[]): Promise<Violation[]> {
    let violations = await this.checkBoth(conversationIds);
    for (let look = 0; look < SECOND_LOOKS && violations.length > 0; look++) {
      await delay(SECOND_LOOK_AFTER_MS);
      const suspects = new Set(violations.map(({ conversationId }) => conversationId));
      violations = await this.checkBoth([...suspects]);
    }
    return violations;
  }

  private async checkBoth(conversationIds: readonly string[]): Promise<Violation[]> {
    const inspected = await Promise.all(conversationIds.map((id) => this.sessions.inspect(id)));
    const archived = new Map(
      (await this.archive.byId(conversationIds)).map((each) => [each.conversationId, each]),
    );
    const syncedIds = inspected.flatMap((session) => (session ? syncedTurns(session) : []));
    const places = await this.archive.placesOf(syncedIds.map(({ id }) => id));
    return conversationIds.flatMap((id, index) => {
      const session = inspected[index];
      return session ? sessionViolations(id, session, archived.get(id), places) : [];
    });
  }
}

/** What the session takes for archived: its turns up to the high-water mark, with their places. */
function syncedTurns({ base, synced, turnIds }: InspectedSession): { id: string; seq: number }[] {
  return turnIds
    .slice(0, Math.max(0, synced - base))
    .map((id, index) => ({ id, seq: base + 1 + index }));
}

function archiveViolations(each: CheckedConversation): Violation[] {
  const { conversationId, erased, turnCount, turns, lastSeq, keyless } = each;
  if (erased && turns > 0) {
    return [{ invariant: 'erased stays erased', conversationId, detail: `${turns} turns` }];
  }
  const violations: Violation[] = [];
  // Places are unique, so as many turns as the largest of them leave no gap.
  if (turns !== turnCount || lastSeq !== turnCount) {
    const detail = `${turns} turns, largest seq ${lastSeq}, counted ${turnCount}`;
    violations.push({ invariant: 'archive numbers 1..n without gaps', conversationId, detail });
  }
  if (keyless > 0) {
    const invariant = 'every sealed turn has its data key';
    violations.push({ invariant, conversationId, detail: `${keyless} of ${turns} turns` });
  }
  return violations;
}

function sessionViolations(
  conversationId: string,
  session: InspectedSession,
  archived: CheckedConversation | undefined,
  places: ReadonlyMap<string, number>,
): Violation[] {
  const { base, last, synced, length, hasTtl, isDirty } = session;
  const violations: Violation[] = [];
  const add = (invariant: string, detail: string) =>
    violations.push({ invariant, conversationId, detail });

  const lags = last > synced;
  const where = `last ${last}, synced ${synced}, base ${base}, ${length} turns`;
  if (length !== last - base && !hasTtl) add('what is unsynced is never trimmed', where);
  if (lags !== isDirty || lags === hasTtl) {
    add('unsynced, dirty and without TTL are one', `${where}, dirty ${isDirty}, TTL ${hasTtl}`);
  }
  const missing = syncedTurns(session).filter(({ id, seq }) => places.get(id) !== seq);
  if (missing.length > 0 && !archived?.erased) {
    add(
      'synced never passes what is committed',
      `${missing.length} turns, first seq ${missing[0]!.seq}`,
    );
  }
  if (archived?.erased) add('erased stays erased', where);
  if (archived && !archived.erased && archived.owner !== session.owner)
    add('the owner never changes', where);
  return violations;
}

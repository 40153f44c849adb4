import { Injectable } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import { StoredExport, type StoredExported } from '../conversation/stored-export.js';
import { DatabaseExport } from '../persistence/database.export.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { OwnedSessions } from '../session/owned-sessions.js';
import { failureReason } from './failure-reason.js';
import { Flusher } from './flusher.js';
import { UnarchivedExport } from './unarchived.export.js';

const CONVERSATIONS_PER_FLUSH = 100;

/**
 * Both tiers: what only Redis has is flushed first, so that the archive is nearly all there is to be read. What Postgres
 * does not take now is shown as Redis has it, behind the archived turns of its conversation.
 */
@Injectable()
export class HybridExport extends StoredExport {
  constructor(
    private readonly owned: OwnedSessions,
    private readonly flusher: Flusher,
    private readonly archived: DatabaseExport,
    private readonly unarchived: UnarchivedExport,
  ) {
    super();
  }

  async *exportAll(owner: string | null): AsyncGenerator<StoredExported> {
    assertKnown(owner);
    const left = await orUnavailable(this.owned.alone(owner, () => this.flush(owner)));
    yield* this.archived.exportAll(owner, left);
    for (const conversationId of left) yield* this.unarchived.export(conversationId, owner);
  }

  /** As far as Postgres takes it. @returns what is left. @throws RedisUnavailable. */
  private async flush(owner: string): Promise<Set<string>> {
    const dirty = [...(await this.dirty(owner))];
    for (let first = 0; first < dirty.length; first += CONVERSATIONS_PER_FLUSH) {
      const some = dirty.slice(first, first + CONVERSATIONS_PER_FLUSH);
      try {
        for (let ids = some; ids.length > 0; ids = [...(await this.flusher.flush(ids)).unfinished]);
      } catch (error) {
        if (failureReason(error) === 'redis') throw error;
      }
    }
    return this.dirty(owner);
  }

  private async dirty(owner: string): Promise<Set<string>> {
    const ids = new Set<string>();
    for await (const found of this.owned.of(owner, 'dirty')) {
      for (const { conversationId } of found) ids.add(conversationId);
    }
    return ids;
  }
}

import { Injectable } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import { StoredExport, type StoredExported } from '../conversation/stored-export.js';
import { DatabaseExport } from '../persistence/database.export.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { OwnedSessions } from '../session/owned-sessions.js';
import { OwnerFlush } from './owner-flush.js';
import { UnarchivedExport } from './unarchived.export.js';

/**
 * Both tiers: what only Redis has is flushed first, so that the archive is nearly all there is to be read. What Postgres
 * does not take now is shown as Redis has it, behind the archived turns of its conversation.
 */
@Injectable()
export class HybridExport extends StoredExport {
  constructor(
    private readonly owned: OwnedSessions,
    private readonly ofOwner: OwnerFlush,
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
    await this.ofOwner.flush(await this.ofOwner.dirty(owner));
    return new Set(await this.ofOwner.dirty(owner));
  }
}

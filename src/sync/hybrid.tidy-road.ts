import { Injectable } from '@nestjs/common';
import { ArchiveErasure, type Doomed } from '../persistence/archive-erasure.js';
import { isExpired } from '../persistence/archive.statements.js';
import { TidyRoad } from '../persistence/tidy-road.js';
import { IdleSessions } from '../session/idle-sessions.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { Eraser } from './eraser.js';
import { UnflushedTurns } from './unflushed-turns.js';

const PARALLEL_SCRIPTS = 100;

/**
 * Leaves alone what has a session: somebody uses it, or has said something that is not in Postgres yet. A session that
 * is begun while its conversation is erased is kept away, so that what is said then goes to Postgres, and is there in
 * time or refused: what Redis accepted would be erased with it.
 */
@Injectable()
export class HybridTidyRoad extends TidyRoad {
  constructor(
    private readonly sessions: IdleSessions,
    private readonly unflushed: UnflushedTurns,
    private readonly archive: ArchiveErasure,
    private readonly eraser: Eraser,
  ) {
    super();
  }

  async unused(conversationIds: readonly string[]): Promise<readonly string[]> {
    return this.filter(
      conversationIds,
      async (id) => !this.unflushed.of(id) && !(await this.sessions.isThere(id)),
    );
  }

  async erase(doomed: readonly Doomed[], retentionDays: number): Promise<number> {
    const unused = await this.unused(doomed.map(({ conversationId }) => conversationId));
    const shut = new Set(await this.filter(unused, (id) => this.sessions.shut(id)));
    const due = doomed.filter(({ conversationId }) => shut.has(conversationId));
    if (due.length === 0) return 0;
    try {
      const { conversations } = await orUnavailable(
        this.eraser.erase(due, null, isExpired(retentionDays)),
      );
      return conversations;
    } finally {
      await this.reopen([...shut]);
    }
  }

  /** What is erased stays shut; of all others a new turn may come any time. */
  private async reopen(shut: readonly string[]): Promise<void> {
    await orUnavailable(
      Promise.all(
        shut.map(async (id) => {
          if (!(await this.archive.isErased(id))) await this.sessions.reopen(id);
        }),
      ),
    );
  }

  private async filter(
    ids: readonly string[],
    isWanted: (id: string) => Promise<boolean>,
  ): Promise<string[]> {
    const wanted: string[] = [];
    for (let first = 0; first < ids.length; first += PARALLEL_SCRIPTS) {
      const some = ids.slice(first, first + PARALLEL_SCRIPTS);
      const are = await orUnavailable(Promise.all(some.map(isWanted)));
      wanted.push(...some.filter((_, index) => are[index]));
    }
    return wanted;
  }
}

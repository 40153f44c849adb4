import { Injectable } from '@nestjs/common';
import { ArchiveErasure, type Doomed } from './archive-erasure.js';
import type { LockedRow } from './archive.statements.js';

/** How conversations that lie idle are put away: a question of who else may be using them. */
export abstract class TidyRoad {
  /** Those that nobody uses now. */
  abstract unused(conversationIds: readonly string[]): Promise<readonly string[]>;

  /** Erases those that are still archived for so long, as their owners would. @returns how many. */
  abstract erase(doomed: readonly Doomed[], retentionDays: number): Promise<number>;
}

/** Those that are archived for so long by now, and have the turns that they had when they were looked at. */
export function stillDue(
  rows: readonly LockedRow[],
  doomed: readonly Doomed[],
  retentionDays: number,
): LockedRow[] {
  const turns = new Map(doomed.map((each) => [each.conversationId, each.turns]));
  return rows.filter(
    ({ conversation_id: id, archived_for_days: days, turn_count: count }) =>
      days !== null && days >= retentionDays && Number(count) === turns.get(id),
  );
}

/** Where Postgres alone has them: its row locks decide. */
@Injectable()
export class DatabaseTidyRoad extends TidyRoad {
  constructor(private readonly erasure: ArchiveErasure) {
    super();
  }

  async unused(conversationIds: readonly string[]): Promise<readonly string[]> {
    return conversationIds;
  }

  async erase(doomed: readonly Doomed[], retentionDays: number): Promise<number> {
    const erased = await this.erasure.erase(doomed, null, (rows) =>
      stillDue(rows, doomed, retentionDays),
    );
    return erased.conversationIds.length;
  }
}

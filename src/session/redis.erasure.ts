import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import { type ErasedEverything, OwnerErasure } from '../conversation/owner-erasure.js';
import type { Doomed } from '../persistence/archive-erasure.js';
import { OwnerErasures } from '../persistence/owner-erasures.js';
import { eraseInRounds } from './erase-in-rounds.js';
import { ErasureMarks } from './erasure-marks.js';
import { orUnavailable } from './or-unavailable.js';
import { OwnedSessions } from './owned-sessions.js';
import { RedisEraser } from './redis.eraser.js';

/** Redis alone, and what was archived at its end where the operator named a database. */
@Injectable()
export class RedisErasure extends OwnerErasure {
  constructor(
    private readonly marks: ErasureMarks,
    private readonly owned: OwnedSessions,
    private readonly eraser: RedisEraser,
    @Optional() @Inject(OwnerErasures) private readonly owners: OwnerErasures | null,
  ) {
    super();
  }

  mark(owner: string): Promise<string | null> {
    return orUnavailable(this.marks.get(owner));
  }

  async eraseAll(owner: string | null): Promise<ErasedEverything> {
    assertKnown(owner);
    return this.owned.alone(owner, () => this.eraseAllOf(owner));
  }

  private async eraseAllOf(owner: string): Promise<ErasedEverything> {
    await orUnavailable(this.marks.set(owner, randomUUID()));
    const round = {
      hot: () => this.owned.of(owner, 'active'),
      archived: async () => (await this.owners?.next(owner)) ?? [],
      erase: (doomed: readonly Doomed[]) => this.eraser.erase(doomed, owner),
    };
    return orUnavailable(eraseInRounds(round));
  }
}

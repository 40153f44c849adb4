import { type CanActivate, Injectable, mixin, type Type } from '@nestjs/common';
import { Environment, type HistoryMode } from '../config/environment.js';
import { notInThisMode } from '../conversation/errors.js';

/**
 * Lets requests through in these modes alone. A guard, as what a mode cannot give comes before all other checks but the
 * token's.
 * @param what is not possible in the others, such as `Listing conversations`
 */
export function onlyIn(modes: readonly HistoryMode[], what: string): Type<CanActivate> {
  @Injectable()
  class ModeGuard implements CanActivate {
    constructor(private readonly environment: Environment) {}

    canActivate(): boolean {
      if (!modes.includes(this.environment.historyMode)) throw notInThisMode(what);
      return true;
    }
  }
  return mixin(ModeGuard);
}

/** Where nothing is kept, there is nothing to come back to. */
export const KEEPING: readonly HistoryMode[] = ['hybrid', 'redis', 'database'];

/** Where the archive has everything, or soon will. */
export const ARCHIVING: readonly HistoryMode[] = ['hybrid', 'database'];

import { type CanActivate, Injectable } from '@nestjs/common';
import { Environment } from '../../config/environment.js';
import { notInThisMode } from '../../conversation/errors.js';

/** Before all checks of the request: where nothing is kept, there is no answer to come back to. */
@Injectable()
export class KeepingGuard implements CanActivate {
  constructor(private readonly environment: Environment) {}

  canActivate(): boolean {
    if (this.environment.historyMode === 'client') throw notInThisMode('Resuming or stopping');
    return true;
  }
}

import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { AdminGuard } from './admin.guard.js';

/** Metrics hold no contents: without an ADMIN_TOKEN they are open, with one they need it. */
@Injectable()
export class MetricsGuard extends AdminGuard {
  private readonly open: boolean;

  constructor(environment: Environment) {
    super(environment);
    this.open = environment.adminToken === undefined;
  }

  override canActivate(context: ExecutionContext): boolean {
    return this.open || super.canActivate(context);
  }
}

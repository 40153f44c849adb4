import { Module } from '@nestjs/common';
import { PersistenceModule } from '../persistence/persistence.module.js';
import { SessionModule } from '../session/session.module.js';
import { Verify } from './verify.js';

/** Apart from SyncModule: a tool that only looks must not sweep. */
@Module({
  imports: [SessionModule, PersistenceModule],
  providers: [Verify],
  exports: [Verify],
})
export class VerifyModule {}

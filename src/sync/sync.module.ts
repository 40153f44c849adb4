import { Module } from '@nestjs/common';
import { PersistenceModule } from '../persistence/persistence.module.js';
import { SessionModule } from '../session/session.module.js';
import { Backlog } from './backlog.js';
import { Committer } from './committer.js';
import { Eraser } from './eraser.js';
import { FlushQueue } from './flush-queue.js';
import { Flusher } from './flusher.js';
import { HotTurns } from './hot-turns.js';
import { HybridClaims } from './hybrid.claims.js';
import { HybridConversations } from './hybrid.conversations.js';
import { HybridErasure } from './hybrid.erasure.js';
import { HybridExport } from './hybrid.export.js';
import { HybridHistory } from './hybrid.history.js';
import { HybridSearch } from './hybrid.search.js';
import { LateConversations } from './late-conversations.js';
import { LateFlushes } from './late-flushes.js';
import { Leftovers } from './leftovers.js';
import { MendedSessions } from './mended.sessions.js';
import { OwnerFlush } from './owner-flush.js';
import { Recovery } from './recovery.js';
import { Refusals } from './refusals.js';
import { Rescue } from './rescue.js';
import { Restore } from './restore.js';
import { Sweep } from './sweep.js';
import { SweepSchedule } from './sweep.schedule.js';
import { TwoTiers } from './two-tiers.js';
import { UnarchivedExport } from './unarchived.export.js';
import { UnflushedTurns } from './unflushed-turns.js';
import { VerifyModule } from './verify.module.js';
import { WriteBehind } from './write-behind.js';

/** The only road from the hot tier to the durable one. */
@Module({
  imports: [SessionModule, PersistenceModule, VerifyModule],
  providers: [
    Committer,
    Refusals,
    Flusher,
    FlushQueue,
    Backlog,
    Recovery,
    Rescue,
    Leftovers,
    UnflushedTurns,
    Restore,
    WriteBehind,
    MendedSessions,
    Sweep,
    SweepSchedule,
    Eraser,
    HybridErasure,
    UnarchivedExport,
    HybridExport,
    HybridHistory,
    HybridClaims,
    OwnerFlush,
    LateFlushes,
    LateConversations,
    HotTurns,
    TwoTiers,
    HybridConversations,
    HybridSearch,
  ],
  exports: [
    SessionModule,
    PersistenceModule,
    HybridErasure,
    HybridExport,
    HybridHistory,
    HybridClaims,
    HybridConversations,
    HybridSearch,
    FlushQueue,
    Sweep,
    Recovery,
    VerifyModule,
  ],
})
export class SyncModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Environment } from '../config/environment.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { AcceptedTurnArchive } from './accepted-turns.js';
import { ArchiveConversations } from './archive-conversations.js';
import { ArchiveErasure } from './archive-erasure.js';
import { ArchiveFigures } from './archive-figures.js';
import { ArchiveCheck } from './archive.check.js';
import { ArchiveKeyrings } from './archive.keyrings.js';
import { Archive } from './archive.js';
import { DeadLetters } from './dead-letters.js';
import { dataSourceOptions } from './data-source.js';
import { DatabaseClaims } from './database.claims.js';
import { DatabaseConversations } from './database.conversations.js';
import { DatabaseErasure } from './database.erasure.js';
import { ArchivePages } from './archive-pages.js';
import { DatabaseExport } from './database.export.js';
import { DatabaseHistory } from './database.history.js';
import { DatabaseOlderTurns } from './database.older-turns.js';
import { DatabaseSearch } from './database.search.js';
import { DatabaseTopicKey } from './database.topic-key.js';
import { Database } from './database.js';
import { HotStaleMarks } from './hot-stale-marks.js';
import { IdleConversations } from './idle-conversations.js';
import { OwnerErasures } from './owner-erasures.js';
import { Replicas } from './replicas.js';
import { TaskLeases } from './task-leases.js';
import { DatabaseTidyRoad } from './tidy-road.js';
import { Tombstones } from './tombstones.js';
import { TopicKeyring } from './topic-keyring.js';

const STORES = [
  Database,
  Replicas,
  Archive,
  ArchiveErasure,
  OwnerErasures,
  AcceptedTurnArchive,
  HotStaleMarks,
  DatabaseHistory,
  DatabaseOlderTurns,
  DatabaseErasure,
  ArchivePages,
  ArchiveConversations,
  DatabaseConversations,
  DatabaseSearch,
  DatabaseExport,
  DatabaseClaims,
  DeadLetters,
  IdleConversations,
  TaskLeases,
  DatabaseTidyRoad,
  ArchiveCheck,
  ArchiveFigures,
  ArchiveKeyrings,
  TopicKeyring,
  DatabaseTopicKey,
];

@Module({
  imports: [
    CryptoModule,
    TypeOrmModule.forRootAsync({
      inject: [Environment],
      useFactory: (environment: Environment) => ({
        ...dataSourceOptions(environment.databaseUrl),
        // Database connects by itself, behind its breaker: the service starts while Postgres is away.
        manualInitialization: true,
      }),
    }),
  ],
  providers: [...STORES, Tombstones],
  exports: [TypeOrmModule, ...STORES],
})
export class PersistenceModule {}

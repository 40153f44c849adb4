import { type DynamicModule, type ModuleMetadata, Module, type Provider } from '@nestjs/common';
import { PaperShelf } from '../answer/papers/paper.js';
import { ShippedPapers } from '../answer/papers/shipped-papers.js';
import { StoredPapers } from '../answer/papers/stored-papers.js';
import type { Environment } from '../config/environment.js';
import { AnswerJournal, NoJournal } from '../conversation/answer-journal.js';
import { Claims, NoClaims } from '../conversation/claims.js';
import { ClientConversations } from '../conversation/client.conversations.js';
import { ClientErasure } from '../conversation/client.erasure.js';
import { ClientHistory } from '../conversation/client.history.js';
import { HistoryStore } from '../conversation/history-store.js';
import { NoExport } from '../conversation/no-export.js';
import { NoOlderTurns, OlderTurns } from '../conversation/older-turns.js';
import { OwnConversations } from '../conversation/own-conversations.js';
import { NoSearch, OwnSearch } from '../conversation/own-search.js';
import { OwnerErasure } from '../conversation/owner-erasure.js';
import { OwnerExport } from '../conversation/owner-export.js';
import { StoredConversations } from '../conversation/stored-conversations.js';
import { StoredExport } from '../conversation/stored-export.js';
import { StoredHistory } from '../conversation/stored-history.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { SealedConversations } from '../crypto/sealed.conversations.js';
import { SealedExport } from '../crypto/sealed.export.js';
import { SealedHistory } from '../crypto/sealed.history.js';
import { NoTopicKey, TopicKey } from '../crypto/topic-key.js';
import { JournalModule } from '../journal/journal.module.js';
import { RedisJournal } from '../journal/redis.journal.js';
import { DatabaseClaims } from '../persistence/database.claims.js';
import { DatabaseConversations } from '../persistence/database.conversations.js';
import { DatabaseErasure } from '../persistence/database.erasure.js';
import { DatabaseExport } from '../persistence/database.export.js';
import { DatabaseHistory } from '../persistence/database.history.js';
import { DatabaseOlderTurns } from '../persistence/database.older-turns.js';
import { DatabaseSearch } from '../persistence/database.search.js';
import { DatabaseTopicKey } from '../persistence/database.topic-key.js';
import { DatabaseTidyRoad, TidyRoad } from '../persistence/tidy-road.js';
import { TidySchedule } from '../persistence/tidy.schedule.js';
import { Tidying } from '../persistence/tidying.js';
import { PersistenceModule } from '../persistence/persistence.module.js';
import { RedisClaims } from '../session/redis.claims.js';
import { RedisConversations } from '../session/redis.conversations.js';
import { RedisEraser } from '../session/redis.eraser.js';
import { RedisErasure } from '../session/redis.erasure.js';
import { RedisHistory } from '../session/redis.history.js';
import { SessionModule } from '../session/session.module.js';
import { HybridClaims } from '../sync/hybrid.claims.js';
import { HybridConversations } from '../sync/hybrid.conversations.js';
import { HybridErasure } from '../sync/hybrid.erasure.js';
import { HybridExport } from '../sync/hybrid.export.js';
import { HybridHistory } from '../sync/hybrid.history.js';
import { HybridSearch } from '../sync/hybrid.search.js';
import { HybridTidyRoad } from '../sync/hybrid.tidy-road.js';
import { SyncModule } from '../sync/sync.module.js';

interface Architecture {
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  readonly store: readonly Provider[];
  readonly ownData: readonly Provider[];
  readonly older: Provider;
  readonly search: Provider;
  readonly tidying: readonly Provider[];
  readonly topicKey: Provider;
  readonly claims: Provider;
  readonly journal: Provider;
  readonly shelf: Provider;
}

const exported = (stored: Provider): Provider[] => [
  stored,
  { provide: OwnerExport, useClass: SealedExport },
];

const notExported: Provider = { provide: OwnerExport, useClass: NoExport };

const tidied = (road: Provider): Provider[] => [road, Tidying, TidySchedule];

const sealed = (history: Provider, conversations: Provider): Provider[] => [
  history,
  { provide: HistoryStore, useClass: SealedHistory },
  conversations,
  { provide: OwnConversations, useClass: SealedConversations },
];

/** What each HISTORY_MODE is made of: the four architectures share all the rest of the service. */
function architectureOf({ historyMode, databaseUrlGiven }: Environment): Architecture {
  const stored: Provider = { provide: PaperShelf, useClass: StoredPapers };
  const shipped: Provider = { provide: PaperShelf, useClass: ShippedPapers };
  const shared: Provider = { provide: AnswerJournal, useExisting: RedisJournal };
  const none: Provider = { provide: AnswerJournal, useClass: NoJournal };
  const archived: Provider = { provide: OlderTurns, useExisting: DatabaseOlderTurns };
  const kept: Provider = { provide: TopicKey, useExisting: DatabaseTopicKey };
  const noKey: Provider = { provide: TopicKey, useClass: NoTopicKey };
  const nothingOlder: Provider = { provide: OlderTurns, useClass: NoOlderTurns };
  switch (historyMode) {
    case 'hybrid':
      return {
        imports: [SyncModule, JournalModule],
        store: sealed(
          { provide: StoredHistory, useExisting: HybridHistory },
          { provide: StoredConversations, useExisting: HybridConversations },
        ),
        ownData: [
          { provide: OwnerErasure, useExisting: HybridErasure },
          ...exported({ provide: StoredExport, useExisting: HybridExport }),
        ],
        older: archived,
        search: { provide: OwnSearch, useExisting: HybridSearch },
        tidying: tidied({ provide: TidyRoad, useExisting: HybridTidyRoad }),
        topicKey: kept,
        claims: { provide: Claims, useExisting: HybridClaims },
        journal: shared,
        shelf: stored,
      };
    case 'database':
      return {
        imports: [PersistenceModule],
        store: sealed(
          { provide: StoredHistory, useExisting: DatabaseHistory },
          { provide: StoredConversations, useExisting: DatabaseConversations },
        ),
        ownData: [
          { provide: OwnerErasure, useExisting: DatabaseErasure },
          ...exported({ provide: StoredExport, useExisting: DatabaseExport }),
        ],
        older: archived,
        search: { provide: OwnSearch, useExisting: DatabaseSearch },
        tidying: tidied({ provide: TidyRoad, useExisting: DatabaseTidyRoad }),
        topicKey: kept,
        claims: { provide: Claims, useExisting: DatabaseClaims },
        journal: none,
        shelf: stored,
      };
    case 'redis':
      return {
        imports: [SessionModule, JournalModule, ...(databaseUrlGiven ? [PersistenceModule] : [])],
        store: [
          RedisEraser,
          ...sealed(
            { provide: StoredHistory, useClass: RedisHistory },
            { provide: StoredConversations, useClass: RedisConversations },
          ),
        ],
        ownData: [{ provide: OwnerErasure, useClass: RedisErasure }, notExported],
        older: nothingOlder,
        search: { provide: OwnSearch, useClass: NoSearch },
        // What was archived at its end is in no session any more.
        tidying: databaseUrlGiven
          ? tidied({ provide: TidyRoad, useExisting: DatabaseTidyRoad })
          : [],
        topicKey: noKey,
        claims: { provide: Claims, useExisting: RedisClaims },
        journal: shared,
        shelf: databaseUrlGiven ? stored : shipped,
      };
    case 'client':
      return {
        imports: [],
        store: [
          { provide: HistoryStore, useClass: ClientHistory },
          { provide: OwnConversations, useClass: ClientConversations },
        ],
        ownData: [{ provide: OwnerErasure, useClass: ClientErasure }, notExported],
        older: nothingOlder,
        search: { provide: OwnSearch, useClass: NoSearch },
        tidying: [],
        topicKey: noKey,
        claims: { provide: Claims, useClass: NoClaims },
        journal: none,
        shelf: shipped,
      };
  }
}

/** The one switch between the four architectures: provides the service with all that depends on it. */
@Module({})
export class ModeModule {
  static forRoot(environment: Environment): DynamicModule {
    const { imports, store, ownData, search, older, tidying, topicKey, claims, journal, shelf } =
      architectureOf(environment);
    return {
      module: ModeModule,
      global: true,
      imports: [CryptoModule, ...imports],
      providers: [
        ...store,
        ...ownData,
        search,
        older,
        ...tidying,
        topicKey,
        claims,
        journal,
        shelf,
      ],
      exports: [
        ...imports,
        HistoryStore,
        OwnConversations,
        OwnSearch,
        OwnerErasure,
        OwnerExport,
        OlderTurns,
        Claims,
        AnswerJournal,
        PaperShelf,
      ] as NonNullable<DynamicModule['exports']>,
    };
  }
}

import { type DynamicModule, type ModuleMetadata, Module, type Provider } from '@nestjs/common';
import { PaperShelf } from '../answer/papers/paper.js';
import { ShippedPapers } from '../answer/papers/shipped-papers.js';
import { StoredPapers } from '../answer/papers/stored-papers.js';
import type { Environment } from '../config/environment.js';
import { AnswerJournal, NoJournal } from '../conversation/answer-journal.js';
import { Claims, NoClaims } from '../conversation/claims.js';
import { ClientHistory } from '../conversation/client.history.js';
import { HistoryStore } from '../conversation/history-store.js';
import { StoredHistory } from '../conversation/stored-history.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { SealedHistory } from '../crypto/sealed.history.js';
import { JournalModule } from '../journal/journal.module.js';
import { RedisJournal } from '../journal/redis.journal.js';
import { DatabaseClaims } from '../persistence/database.claims.js';
import { DatabaseHistory } from '../persistence/database.history.js';
import { PersistenceModule } from '../persistence/persistence.module.js';
import { RedisClaims } from '../session/redis.claims.js';
import { RedisHistory } from '../session/redis.history.js';
import { SessionModule } from '../session/session.module.js';
import { HybridClaims } from '../sync/hybrid.claims.js';
import { HybridHistory } from '../sync/hybrid.history.js';
import { SyncModule } from '../sync/sync.module.js';

interface Architecture {
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  readonly store: readonly Provider[];
  readonly claims: Provider;
  readonly journal: Provider;
  readonly shelf: Provider;
}

const sealed = (stored: Provider): Provider[] => [
  stored,
  { provide: HistoryStore, useClass: SealedHistory },
];

/** What each HISTORY_MODE is made of: the four architectures share all the rest of the service. */
function architectureOf({ historyMode, databaseUrlGiven }: Environment): Architecture {
  const stored: Provider = { provide: PaperShelf, useClass: StoredPapers };
  const shipped: Provider = { provide: PaperShelf, useClass: ShippedPapers };
  const shared: Provider = { provide: AnswerJournal, useExisting: RedisJournal };
  const none: Provider = { provide: AnswerJournal, useClass: NoJournal };
  switch (historyMode) {
    case 'hybrid':
      return {
        imports: [SyncModule, JournalModule],
        store: sealed({ provide: StoredHistory, useExisting: HybridHistory }),
        claims: { provide: Claims, useExisting: HybridClaims },
        journal: shared,
        shelf: stored,
      };
    case 'database':
      return {
        imports: [PersistenceModule],
        store: sealed({ provide: StoredHistory, useExisting: DatabaseHistory }),
        claims: { provide: Claims, useExisting: DatabaseClaims },
        journal: none,
        shelf: stored,
      };
    case 'redis':
      return {
        imports: [SessionModule, JournalModule, ...(databaseUrlGiven ? [PersistenceModule] : [])],
        store: sealed({ provide: StoredHistory, useClass: RedisHistory }),
        claims: { provide: Claims, useExisting: RedisClaims },
        journal: shared,
        shelf: databaseUrlGiven ? stored : shipped,
      };
    case 'client':
      return {
        imports: [],
        store: [{ provide: HistoryStore, useClass: ClientHistory }],
        claims: { provide: Claims, useClass: NoClaims },
        journal: none,
        shelf: shipped,
      };
  }
}

/** The one switch between the four architectures: provides HistoryStore, Claims, AnswerJournal and PaperShelf to the service. */
@Module({})
export class ModeModule {
  static forRoot(environment: Environment): DynamicModule {
    const { imports, store, claims, journal, shelf } = architectureOf(environment);
    return {
      module: ModeModule,
      global: true,
      imports: [CryptoModule, ...imports],
      providers: [...store, claims, journal, shelf],
      exports: [...imports, HistoryStore, Claims, AnswerJournal, PaperShelf] as NonNullable<
        DynamicModule['exports']
      >,
    };
  }
}

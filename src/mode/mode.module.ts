import { type DynamicModule, type ModuleMetadata, Module, type Provider } from '@nestjs/common';
import { PaperShelf } from '../answer/papers/paper.js';
import { ShippedPapers } from '../answer/papers/shipped-papers.js';
import { StoredPapers } from '../answer/papers/stored-papers.js';
import type { Environment } from '../config/environment.js';
import { Claims, NoClaims } from '../conversation/claims.js';
import { ClientHistory } from '../conversation/client.history.js';
import { HistoryStore } from '../conversation/history-store.js';
import { StoredHistory } from '../conversation/stored-history.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { SealedHistory } from '../crypto/sealed.history.js';
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
  switch (historyMode) {
    case 'hybrid':
      return {
        imports: [SyncModule],
        store: sealed({ provide: StoredHistory, useExisting: HybridHistory }),
        claims: { provide: Claims, useExisting: HybridClaims },
        shelf: stored,
      };
    case 'database':
      return {
        imports: [PersistenceModule],
        store: sealed({ provide: StoredHistory, useExisting: DatabaseHistory }),
        claims: { provide: Claims, useExisting: DatabaseClaims },
        shelf: stored,
      };
    case 'redis':
      return {
        imports: databaseUrlGiven ? [SessionModule, PersistenceModule] : [SessionModule],
        store: sealed({ provide: StoredHistory, useClass: RedisHistory }),
        claims: { provide: Claims, useExisting: RedisClaims },
        shelf: databaseUrlGiven ? stored : shipped,
      };
    case 'client':
      return {
        imports: [],
        store: [{ provide: HistoryStore, useClass: ClientHistory }],
        claims: { provide: Claims, useClass: NoClaims },
        shelf: shipped,
      };
  }
}

/** The one switch between the four architectures: provides HistoryStore, Claims and PaperShelf to the service. */
@Module({})
export class ModeModule {
  static forRoot(environment: Environment): DynamicModule {
    const { imports, store, claims, shelf } = architectureOf(environment);
    return {
      module: ModeModule,
      global: true,
      imports: [CryptoModule, ...imports],
      providers: [...store, claims, shelf],
      exports: [...imports, HistoryStore, Claims, PaperShelf] as NonNullable<
        DynamicModule['exports']
      >,
    };
  }
}

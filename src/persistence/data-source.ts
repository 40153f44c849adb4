import { type DataSourceOptions } from 'typeorm';
import { CreateConversations1795000000000 } from '../../migrations/1795000000000-create-conversations.js';
import { CreatePapers1795000000001 } from '../../migrations/1795000000001-create-papers.js';
import { CreateDeadLettersAndClaims1795000000002 } from '../../migrations/1795000000002-create-dead-letters-and-claims.js';
import { IndexErasedConversations1795000000003 } from '../../migrations/1795000000003-index-erased-conversations.js';
import { AddKeyIds1795000000004 } from '../../migrations/1795000000004-add-key-ids.js';
import { IndexOwners1795000000005 } from '../../migrations/1795000000005-index-owners.js';
import { ShutSequences1795000000006 } from '../../migrations/1795000000006-shut-sequences.js';
import { AddTurnTokens1795000000007 } from '../../migrations/1795000000007-add-turn-tokens.js';
import { AddTurnTerms1795000000008 } from '../../migrations/1795000000008-add-turn-terms.js';
import { AddArchivedAt1795000000009 } from '../../migrations/1795000000009-add-archived-at.js';
import { CreateTaskLeases1795000000010 } from '../../migrations/1795000000010-create-task-leases.js';
import { IndexFigures1795000000011 } from '../../migrations/1795000000011-index-figures.js';
import { AddTopics1795000000012 } from '../../migrations/1795000000012-add-topics.js';
import { ConversationMessage } from './conversation-message.entity.js';
import { ConversationSession } from './conversation-session.entity.js';
import { DeadLetter } from './dead-letter.entity.js';
import { IdempotencyClaim } from './idempotency-claim.entity.js';
import { OwnerErasureRow } from './owner-erasure.entity.js';
import { PaperRow } from './paper.entity.js';
import { APPLICATION_NAME, CONNECT_TIMEOUT_MS, QUERY_TIMEOUT_MS, QuietClient } from './pool.js';
import { TaskLeaseRow } from './task-lease.entity.js';
import { TopicKeyRow } from './topic-key.entity.js';

const POOL_CONNECTIONS = 10;

/** What the service and its tools connect with; the schema comes from migrations alone. */
export function dataSourceOptions(
  url: string,
  queryTimeoutMs = QUERY_TIMEOUT_MS,
): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    applicationName: APPLICATION_NAME,
    entities: [
      ConversationSession,
      ConversationMessage,
      DeadLetter,
      IdempotencyClaim,
      OwnerErasureRow,
      PaperRow,
      TaskLeaseRow,
      TopicKeyRow,
    ],
    // Listed, not globbed: a migration that the build forgot would otherwise pass for "nothing to do".
    migrations: [
      CreateConversations1795000000000,
      CreatePapers1795000000001,
      CreateDeadLettersAndClaims1795000000002,
      IndexErasedConversations1795000000003,
      AddKeyIds1795000000004,
      IndexOwners1795000000005,
      ShutSequences1795000000006,
      AddTurnTokens1795000000007,
      AddTurnTerms1795000000008,
      AddArchivedAt1795000000009,
      CreateTaskLeases1795000000010,
      IndexFigures1795000000011,
      AddTopics1795000000012,
    ],
    migrationsTableName: 'schema_migrations',
    synchronize: false,
    logging: false,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    poolSize: POOL_CONNECTIONS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // Errors of idle connections: the breaker finds out by itself, and an error's text may hold contents.
    poolErrorHandler: () => undefined,
    extra: { query_timeout: queryTimeoutMs, Client: QuietClient },
  };
}

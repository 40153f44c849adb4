import type { NumberedStoredTurn, StoredConversation } from '../conversation/stored-turn.js';
import type { ConversationMessage } from './conversation-message.entity.js';
import type { ConversationSession } from './conversation-session.entity.js';

export function toTurn(row: ConversationMessage): NumberedStoredTurn {
  return {
    id: row.id,
    seq: Number(row.seq),
    question: row.question,
    answer: row.answer,
    sources: row.sources,
    context: row.context ?? 'null',
    status: row.status,
    createdAt: row.timestamp.getTime(),
    model: row.model ?? '',
    usage: { promptTokens: row.promptTokens ?? 0, completionTokens: row.completionTokens ?? 0 },
    tokens: row.tokens,
    latencyMs: row.latencyMs ?? 0,
    metadata: toJson(row.metadata),
    idempotency:
      row.idempotencyKey && row.idempotencyBody
        ? { key: row.idempotencyKey.toString('hex'), body: row.idempotencyBody.toString('hex') }
        : null,
    keyId: row.keyId,
    topics: null,
  };
}

/** What is shown of a conversation, as Postgres gives it. */
export type ConversationColumns = Pick<
  ConversationSession,
  | 'conversationId'
  | 'userId'
  | 'title'
  | 'metadata'
  | 'createdAt'
  | 'lastActivity'
  | 'isArchived'
  | 'turnCount'
  | 'dataKey'
  | 'keyId'
>;

export function toConversation(row: ConversationColumns): StoredConversation {
  return {
    id: row.conversationId,
    owner: row.userId,
    title: row.title,
    createdAt: row.createdAt.getTime(),
    lastActivity: row.lastActivity.getTime(),
    turnCount: Number(row.turnCount),
    isArchived: row.isArchived,
    metadata: toJson(row.metadata),
    keyId: row.keyId,
    keyring: row.dataKey?.toString() ?? '',
  };
}

const toJson = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

import type { Conversation } from '../conversation/conversation.js';
import type { NumberedTurn, TurnContext } from '../conversation/turn.js';
import type { ConversationMessage } from './conversation-message.entity.js';
import type { ConversationSession } from './conversation-session.entity.js';

export function toTurn(row: ConversationMessage): NumberedTurn {
  return {
    id: row.id,
    seq: Number(row.seq),
    question: row.question,
    answer: row.answer,
    sources: row.sources,
    context: JSON.parse(row.context!) as TurnContext,
    status: row.status,
    createdAt: row.timestamp.getTime(),
    model: row.model ?? '',
    usage: { promptTokens: row.promptTokens ?? 0, completionTokens: row.completionTokens ?? 0 },
    latencyMs: row.latencyMs ?? 0,
    metadata: row.metadata,
    idempotency:
      row.idempotencyKey && row.idempotencyBody
        ? { key: row.idempotencyKey.toString('hex'), body: row.idempotencyBody.toString('hex') }
        : null,
  };
}

export function toConversation(row: ConversationSession): Conversation {
  return {
    id: row.conversationId,
    owner: row.userId,
    title: row.title,
    createdAt: row.createdAt.getTime(),
    lastActivity: row.lastActivity.getTime(),
    turnCount: Number(row.turnCount),
    isArchived: row.isArchived,
    metadata: row.metadata,
  };
}

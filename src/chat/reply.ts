import type { Answer } from '../answer/answer-engine.js';
import type { Durability, HistoryUse } from '../conversation/turn.js';
import type { ChatReply } from './chat-reply.dto.js';

export interface KeptWhere {
  readonly conversationId: string | null;
  readonly turnId: string | null;
  readonly seq: number | null;
  readonly durability: Durability;
}

/** The reply to a turn, as api and OpenAPI document say it. */
export function replyOf(
  { answer, history }: { answer: Answer; history: HistoryUse },
  kept: KeptWhere,
): ChatReply {
  return {
    answer: answer.text,
    sources: answer.citations.map((citation) => citation.id),
    conversation_id: kept.conversationId,
    turn_id: kept.turnId,
    seq: kept.seq,
    durability: kept.durability,
    citations: answer.citations,
    history,
    usage: {
      prompt_tokens: answer.usage.promptTokens,
      completion_tokens: answer.usage.completionTokens,
    },
    model: answer.model,
  };
}

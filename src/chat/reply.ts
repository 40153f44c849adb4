import type { Answer } from '../answer/answer-engine.js';
import type { FoundTurn } from '../conversation/history-store.js';
import type { Durability, HistoryUse } from '../conversation/turn.js';
import type { ChatReply } from './chat-reply.dto.js';

export interface KeptWhere {
  readonly conversationId: string | null;
  readonly turnId: string | null;
  readonly seq: number | null;
  readonly durability: Durability;
}

/** The reply to a turn that was kept before: the same as the first time, but for how safe it is by now. */
export function replayOf(conversationId: string, { turn, seq, durability }: FoundTurn): ChatReply {
  const { citations, history } = turn.context;
  const { usage, model } = turn;
  const answer = { text: turn.answer, status: turn.status, citations, usage, model };
  return replyOf({ answer, history }, { conversationId, turnId: turn.id, seq, durability });
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

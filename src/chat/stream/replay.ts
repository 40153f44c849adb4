import type { TurnResult } from '../idempotent-turns.js';
import { LiveAnswer } from './live-answer.js';

/** An answer that was given before, as a stream: its text in one piece. */
export function replayOf({ reply, status }: TurnResult, owner: string | null): LiveAnswer {
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = reply.usage;
  const { seq, durability } = reply;
  const usage = { promptTokens, completionTokens };
  const answer = new LiveAnswer(reply.conversation_id, reply.turn_id, owner);
  answer.add({ type: 'start', model: reply.model, promptTokens });
  for (const citation of reply.citations) answer.add({ type: 'citation', citation });
  answer.add({ type: 'text', text: reply.answer });
  answer.add({ type: 'ended', ending: { how: 'finished', status, usage, seq, durability } });
  return answer;
}

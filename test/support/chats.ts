import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import type { Service } from './service.js';

const FOLLOW_UP = 'Tell me more about that';

/** Begins a conversation with a first turn. */
export async function begin(
  service: Service,
  query = 'What is machine learning?',
): Promise<ChatReply & { conversation_id: string }> {
  return answered(await service.chat({ query }));
}

/** One more turn of a conversation. */
export async function goOn(
  service: Service,
  conversationId: string,
  query = FOLLOW_UP,
  metaParams: object = {},
): Promise<ChatReply & { conversation_id: string }> {
  const meta_params = { conversation_id: conversationId, ...metaParams };
  return answered(await service.chat({ query, meta_params }));
}

function answered(reply: { status: number; body: ChatReply }) {
  if (reply.status !== 200) {
    throw new Error(`the turn got ${reply.status}: ${JSON.stringify(reply.body)}`);
  }
  return { ...reply.body, conversation_id: reply.body.conversation_id! };
}

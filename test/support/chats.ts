import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import type { HttpClient } from './http-client.js';

/** A reply to a turn that has a conversation. */
export type KeptReply = ChatReply & { conversation_id: string };

const FOLLOW_UP = 'Tell me more about that';

/** Begins a conversation with a first turn. */
export async function begin(
  service: HttpClient,
  query = 'What is machine learning?',
): Promise<KeptReply> {
  return answered(await service.chat({ query }));
}

/** One more turn of a conversation. */
export async function goOn(
  service: HttpClient,
  conversationId: string,
  query = FOLLOW_UP,
  metaParams: object = {},
): Promise<KeptReply> {
  const meta_params = { conversation_id: conversationId, ...metaParams };
  return answered(await service.chat({ query, meta_params }));
}

function answered(reply: { status: number; body: ChatReply }): KeptReply {
  if (reply.status !== 200) {
    throw new Error(`the turn got ${reply.status}: ${JSON.stringify(reply.body)}`);
  }
  return reply.body as KeptReply;
}

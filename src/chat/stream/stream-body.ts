import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ServiceError } from '../../conversation/errors.js';
import type { Metadata } from '../../conversation/turn.js';
import { validationPipe } from '../../http/validation.js';
import { ChatRequest, MetaParams } from '../chat-request.dto.js';

/** What the AI SDK's `useChat` sends. */
export class UseChatRequest {
  @ApiProperty({
    description: 'Names the conversation when it is one of the caller’s; else a new one begins.',
  })
  id: string;

  @ApiProperty({
    type: [Object],
    description: 'UI messages; the last one of the user is the question, the others are not read.',
  })
  messages: object[];

  @ApiPropertyOptional()
  trigger?: string;

  @ApiPropertyOptional()
  messageId?: string;

  @ApiPropertyOptional({ type: MetaParams })
  meta_params?: MetaParams;

  @ApiPropertyOptional({ type: Object, additionalProperties: true })
  metadata?: Metadata;
}

export interface StreamBody {
  readonly request: ChatRequest;
  /** The `id` of `useChat`; null for a body that names its conversation itself. */
  readonly chatId: string | null;
}

/** Reads either kind of body. @throws ServiceError invalid_request. */
export async function readStreamBody(body: unknown): Promise<StreamBody> {
  const isUseChat = typeof body === 'object' && body !== null && 'messages' in body;
  const { chatId, plain } = isUseChat ? readUseChat(body) : { chatId: null, plain: body };
  const read: unknown = await validationPipe.transform(plain, {
    type: 'body',
    metatype: ChatRequest,
  });
  if (!(read instanceof ChatRequest)) throw invalid('body', 'takes an object');
  const isNamed = typeof read.meta_params?.conversation_id === 'string';
  const isUnkept = read.meta_params?.is_incognito === true;
  return { request: read, chatId: isNamed || isUnkept ? null : chatId };
}

function readUseChat(body: object): { chatId: string; plain: object } {
  const { id, messages, trigger, messageId, ...rest } = body as Record<string, unknown>;
  if (typeof id !== 'string') throw invalid('id', 'takes a text');
  if (!Array.isArray(messages)) throw invalid('messages', 'takes a list of UI messages');
  for (const [path, value] of Object.entries({ trigger, messageId })) {
    if (value !== undefined && typeof value !== 'string') throw invalid(path, 'takes a text');
  }
  const last = messages.findLast((each) => asRecord(each)['role'] === 'user');
  const { parts } = asRecord(last);
  const texts = (Array.isArray(parts) ? parts : [])
    .map(asRecord)
    .flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []));
  if (texts.length === 0) throw invalid('messages', 'takes a message of the user with a text');
  return { chatId: id, plain: { ...rest, query: texts.join('\n') } };
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function invalid(path: string, message: string): ServiceError {
  return new ServiceError('invalid_request', 'Correct the fields that errors names.', {
    fields: [{ path, message }],
  });
}

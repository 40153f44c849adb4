import type { HistoryMode } from '../config/environment.js';
import { ServiceError } from '../conversation/errors.js';
import type { HistoryTurn, Metadata } from '../conversation/turn.js';
import type { ChatRequest } from './chat-request.dto.js';

/** A turn that is kept. */
export interface KeptRequest {
  readonly kind: 'kept';
  readonly query: string;
  readonly conversationId: string | null;
  readonly durability: 'accepted' | 'committed';
  readonly metadata: Metadata | null;
}

/** A turn that touches neither tier; its history, if any, comes with it. */
export interface UnkeptRequest {
  readonly kind: 'unkept';
  readonly query: string;
  readonly history: readonly HistoryTurn[];
}

/**
 * What fields mean together, and in this mode.
 * @throws ServiceError invalid_request naming the field that does not go with the others.
 */
export function readRequest(request: ChatRequest, mode: HistoryMode): KeptRequest | UnkeptRequest {
  const { query, metadata } = request;
  const { conversation_id, is_incognito, durability } = request.meta_params ?? {};
  const conversationId = conversation_id?.toLowerCase() ?? null;
  const unkept = is_incognito === true || mode === 'client';

  if (unkept && conversationId !== null) {
    const why = 'goes with no turn that is kept nowhere; leave it out';
    throw misplaced('meta_params.conversation_id', why);
  }
  if (!unkept && request.history) {
    throw misplaced('history', 'goes only with is_incognito: the service keeps the history itself');
  }
  if (durability === 'committed' && mode === 'redis') {
    throw misplaced('meta_params.durability', 'committed takes a database, and this mode has none');
  }
  if (unkept) return { kind: 'unkept', query, history: request.history ?? [] };
  return {
    kind: 'kept',
    query,
    conversationId,
    durability: durability ?? 'accepted',
    metadata: metadata ?? null,
  };
}

function misplaced(path: string, message: string): ServiceError {
  return new ServiceError('invalid_request', 'Correct the fields that errors names.', {
    fields: [{ path, message }],
  });
}

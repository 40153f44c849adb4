import type { ErrorCode } from '../../conversation/errors.js';
import type { Citation } from '../../conversation/turn.js';
import type { AnswerEvent, Ending, Kept } from './answer-event.js';

/** Which turn a stream tells; both null where it is kept nowhere. */
export interface StreamedTurn {
  readonly conversationId: string | null;
  readonly turnId: string | null;
}

type Chunk = { readonly type: string } & Readonly<Record<string, unknown>>;

const TEXT_ID = 'answer';
const SOURCES_ID = 'sources';

/**
 * Turns the events of one answer into server-sent events: the AI SDK's UI message stream, version 1.
 * The same events always give the same frames, whoever serves them; so an id names a frame on every instance.
 */
export class Frames {
  private count = 0;
  private model = '';
  private readonly sources: string[] = [];
  private saidSources = false;
  private text: 'to come' | 'open' | 'closed' = 'to come';

  constructor(private readonly turn: StreamedTurn) {}

  /** How many frames there were until now. */
  get number(): number {
    return this.count;
  }

  /** The first frame, before any event. */
  begin(): string[] {
    const { conversationId, turnId } = this.turn;
    const messageMetadata = { conversation_id: conversationId };
    return this.numbered([
      { type: 'start', ...(turnId !== null && { messageId: turnId }), messageMetadata },
    ]);
  }

  of(event: AnswerEvent): string[] {
    switch (event.type) {
      case 'start':
        this.model = event.model;
        return [];
      case 'citation':
        this.sources.push(event.citation.id);
        return this.numbered([sourceOf(event.citation), this.sourcesSoFar()]);
      case 'text':
        return this.numbered([
          ...this.opening(),
          { type: 'text-delta', id: TEXT_ID, delta: event.text },
        ]);
      case 'answered':
        return [];
      case 'ended':
        return this.numbered([...this.closing(), ...this.endOf(event.ending)]).concat(
          this.frame('[DONE]'),
        );
    }
  }

  /** That this reader's way has failed, not the answer: no frame of the answer, so it has no id and can be resumed. */
  static lost(message: string, code: ErrorCode | null): string {
    const why = code ? [{ type: 'message-metadata', messageMetadata: { error: code } }] : [];
    const chunks: Chunk[] = [...why, { type: 'error', errorText: message }];
    return chunks.map((chunk) => dataOf(JSON.stringify(chunk))).join('');
  }

  private opening(): Chunk[] {
    if (this.text === 'open') return [];
    this.text = 'open';
    const empty = this.saidSources ? [] : [this.sourcesSoFar()];
    return [...empty, { type: 'text-start', id: TEXT_ID }];
  }

  private closing(): Chunk[] {
    if (this.text !== 'open') return [];
    this.text = 'closed';
    return [{ type: 'text-end', id: TEXT_ID }];
  }

  /** One part of the message with this id: each one replaces the one before. */
  private sourcesSoFar(): Chunk {
    this.saidSources = true;
    return { type: 'data-sources', id: SOURCES_ID, data: [...this.sources] };
  }

  private endOf(ending: Ending): Chunk[] {
    switch (ending.how) {
      case 'finished': {
        const { status, usage, seq, durability } = ending;
        const messageMetadata = {
          seq,
          durability,
          status,
          usage: {
            prompt_tokens: usage.promptTokens,
            completion_tokens: usage.completionTokens,
          },
          model: this.model,
        };
        return [{ type: 'finish', messageMetadata }];
      }
      case 'stopped':
        return [...keptInPart(ending.kept), { type: 'abort' }];
      case 'failed':
        return [
          ...keptInPart(ending.kept, { error: ending.code }),
          { type: 'error', errorText: ending.message },
        ];
    }
  }

  private numbered(chunks: readonly Chunk[]): string[] {
    return chunks.map((chunk) => this.frame(JSON.stringify(chunk)));
  }

  private frame(data: string): string {
    this.count++;
    return `id: ${frameId(this.turn.turnId, this.count)}\n${dataOf(data)}`;
  }
}

/** Sent while there is nothing to say: whoever is on the way sees that the line is in use. */
export const KEEP_ALIVE = ': keep-alive\n\n';

/** The id of a turn's n-th frame. */
export const frameId = (turnId: string | null, number: number): string =>
  turnId === null ? String(number) : `${turnId}/${number}`;

/** What `Last-Event-ID` names; null for what is no id of ours. */
export function readFrameId(id: string | undefined): { turnId: string; number: number } | null {
  const [, turnId, number] = /^([0-9a-f-]{36})\/(\d{1,9})$/.exec(id ?? '') ?? [];
  return turnId === undefined ? null : { turnId, number: Number(number) };
}

// JSON has no line breaks of its own, so one data line holds it.
const dataOf = (data: string): string => `data: ${data}\n\n`;

function sourceOf({ id, title, url, snippet, score }: Citation): Chunk {
  const providerMetadata = { openta: { snippet, score } };
  return url === ''
    ? { type: 'source-document', sourceId: id, mediaType: 'text/plain', title, providerMetadata }
    : { type: 'source-url', sourceId: id, url, title, providerMetadata };
}

/** An answer that broke off has no `finish` to say where it is kept. */
function keptInPart(kept: Kept | null, more: Record<string, unknown> = {}): Chunk[] {
  const where = kept && { seq: kept.seq, durability: kept.durability, status: 'partial' };
  const messageMetadata = { ...where, ...more };
  return Object.keys(messageMetadata).length > 0
    ? [{ type: 'message-metadata', messageMetadata }]
    : [];
}

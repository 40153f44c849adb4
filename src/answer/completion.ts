import { toStorableText } from '../conversation/text.js';
import type { TokenUsage } from '../conversation/turn.js';
import { ReplyUnreadable } from './reply-errors.js';

const MODEL_NAME_MAX_CHARACTERS = 200;

/** What is taken from a reply, whole or a chunk of one, checked: "compatible" servers differ from the types. */
export interface Completion {
  /** As the server sent it; empty where a chunk says something else. */
  readonly text: string;
  /** Why the server ended the answer; undefined while it goes on. */
  readonly ended: 'whole' | 'cut' | undefined;
  readonly usage: TokenUsage | undefined;
  readonly model: string | undefined;
}

/** @throws ReplyUnreadable when it is no JSON object, or one that tells of an error. */
export function readCompletion(json: string): Completion {
  const { choices, usage, model, error } = asRecord(parse(json));
  if (error) throw ReplyUnreadable.of(error);
  // A streamed answer comes in deltas, one that comes whole in a message.
  const { delta, message, finish_reason: reason } = asRecord(firstOf(choices));
  const { content, refusal } = asRecord(delta ?? message);
  const said = [content, refusal].find((each) => typeof each === 'string' && each !== '');
  return {
    text: typeof said === 'string' ? said : '',
    ended: readEnd(reason),
    usage: readUsage(usage),
    model: readModel(model),
  };
}

function parse(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // What cannot be parsed may hold an answer: it goes into no message.
  }
  throw new ReplyUnreadable('the reply is no JSON object');
}

function readEnd(reason: unknown): Completion['ended'] {
  if (reason === null || reason === undefined || reason === '') return undefined;
  return reason === 'length' || reason === 'content_filter' ? 'cut' : 'whole';
}

function readUsage(value: unknown): TokenUsage | undefined {
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = asRecord(value);
  if (!isCount(promptTokens) || !isCount(completionTokens)) return undefined;
  return { promptTokens, completionTokens };
}

function readModel(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return toStorableText(value.slice(0, MODEL_NAME_MAX_CHARACTERS)).trim() || undefined;
}

function isCount(value: unknown): value is number {
  // Postgres keeps token counts as int4.
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2_147_483_647;
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

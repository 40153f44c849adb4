import { toStorableText } from '../conversation/text.js';
import type { TokenUsage } from '../conversation/turn.js';

const MODEL_NAME_MAX_CHARACTERS = 200;

/** What is taken from a server's reply, checked: "compatible" servers differ from the types. */
export interface Completion {
  /** Well-formed, without NUL, not blank. */
  readonly text: string;
  /** The server stopped before the answer was at its end. */
  readonly cut: boolean;
  readonly usage: TokenUsage | undefined;
  readonly model: string | undefined;
}

/** @throws Error when the reply holds no answer. */
export function readCompletion(reply: unknown): Completion {
  const { choices, usage, model } = asRecord(reply);
  const choice = asRecord(Array.isArray(choices) ? choices[0] : undefined);
  const { content, refusal } = asRecord(choice['message']);
  const said = [content, refusal].find((each) => typeof each === 'string' && each.trim() !== '');
  const text = typeof said === 'string' ? toStorableText(said).trim() : '';
  if (text === '') throw new Error('the reply holds no answer');
  return {
    text,
    cut: choice['finish_reason'] === 'length' || choice['finish_reason'] === 'content_filter',
    usage: readUsage(usage),
    model: readModel(model),
  };
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

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

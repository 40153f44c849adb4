import OpenAI, { APIError } from 'openai';
import type { Environment } from '../config/environment.js';
import { boundedFetch } from './bounded-fetch.js';
import type { PromptMessage } from './prompt.js';

// An answer ten times too long is still read and cut; what is longer is not an answer but a fault.
// In a stream each token of some four bytes comes in an event of some 250.
const REPLY_BYTES_PER_ANSWER_BYTE = 16;
const STREAM_BYTES_PER_ANSWER_BYTE = 128;
const REPLY_LEAST_BOUND_BYTES = 16_777_216;

const PROBE_TIMEOUT_MS = 2_000;

/** An OpenAI-compatible server: asks it for answers, and whether it is there. Never tries anything twice. */
export class OpenAiServer {
  private readonly client: OpenAI;
  private readonly model: string;
  // Whether it takes the option of sending its token counts; some refuse the whole request for it.
  private countsTokens: boolean | undefined;

  constructor({ openai, answerTimeoutMs, answerMaxBytes }: Environment) {
    this.model = openai.model;
    this.client = new OpenAI({
      // Said in full: what is left out, the client reads from the process's environment by itself.
      baseURL: openai.baseUrl ?? 'https://api.openai.com/v1',
      apiKey: openai.apiKey ?? 'no key',
      organization: null,
      project: null,
      logLevel: 'off',
      maxRetries: 0,
      // Up to the headers only; the engine's own deadline comes first.
      timeout: answerTimeoutMs * 2,
      fetch: boundedFetch({
        maxBytes: Math.max(answerMaxBytes * REPLY_BYTES_PER_ANSWER_BYTE, REPLY_LEAST_BOUND_BYTES),
        maxStreamBytes: Math.max(
          answerMaxBytes * STREAM_BYTES_PER_ANSWER_BYTE,
          REPLY_LEAST_BOUND_BYTES,
        ),
      }),
    });
  }

  /** Asks for a streamed answer. @throws APIError of the client, before any of the answer. */
  async ask(messages: PromptMessage[], signal: AbortSignal): Promise<Response> {
    if (this.countsTokens === false) return this.request(messages, signal, false);
    try {
      const response = await this.request(messages, signal, true);
      this.countsTokens = true;
      return response;
    } catch (error) {
      if (this.countsTokens === true || !isRefused(error)) throw error;
      // Perhaps it was the option that was refused. If not, this one is refused as well.
      const response = await this.request(messages, signal, false);
      this.countsTokens = false;
      return response;
    }
  }

  /** Resolves when the server is there. One that refuses, or knows no such route, is there as well. */
  async probe(): Promise<void> {
    try {
      const response = await this.client.models.list({ timeout: PROBE_TIMEOUT_MS }).asResponse();
      await response.body?.cancel();
    } catch (error) {
      if (!(error instanceof APIError) || !(error.status < 500)) throw error;
    }
  }

  private request(
    messages: PromptMessage[],
    signal: AbortSignal,
    countTokens: boolean,
  ): Promise<Response> {
    const option = countTokens && { stream_options: { include_usage: true } };
    return this.client.chat.completions
      .create({ model: this.model, messages, stream: true, ...option }, { signal })
      .asResponse();
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof APIError && (error.status === 400 || error.status === 422);
}

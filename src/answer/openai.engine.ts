import OpenAI from 'openai';
import type { Environment } from '../config/environment.js';
import { truncateUtf8 } from '../conversation/text.js';
import { estimateTokens } from '../history/tokens.js';
import { type Answer, AnswerEngine, type AnswerPart, type AnswerRequest } from './answer-engine.js';
import { AnswerSoFar } from './answer-so-far.js';
import { boundedFetch } from './bounded-fetch.js';
import { citationOf } from './citation.js';
import { type Completion, readCompletion } from './completion.js';
import { deadlineReached, engineFailure } from './engine-failure.js';
import { excerptOf } from './excerpt.js';
import { readInquiry } from './inquiry.js';
import { type CitedText, citeUsed } from './marks.js';
import type { PaperSearch } from './papers/paper-search.js';
import { buildPrompt, type PromptMessage } from './prompt.js';
import { retrieve } from './retrieval.js';
import { untilAborted } from './until-aborted.js';

// The right paper is among the first three for 59 of the 60 questions of papers/questions.jsonl.
const SOURCES_IN_PROMPT = 4;

const MAX_RETRIES = 2;

// An answer ten times too long is still read and cut; what is longer is not an answer but a fault.
const REPLY_BYTES_PER_ANSWER_BYTE = 16;
const REPLY_LEAST_BOUND_BYTES = 16_777_216;

/**
 * Answers with a model behind any OpenAI-compatible server, from retrieved papers and the history.
 * Guaranteed: one deadline over all tries; an abort reaches the server; the text is storable and
 * bounded; its marks agree with the citations. Not guaranteed: that the model keeps to its sources.
 */
export class OpenAiEngine extends AnswerEngine {
  private readonly client: OpenAI;

  constructor(
    private readonly environment: Environment,
    private readonly papers: PaperSearch,
  ) {
    super();
    const { openai, answerTimeoutMs, answerMaxBytes } = environment;
    this.client = new OpenAI({
      // Said in full: what is left out, the client reads from the process's environment by itself.
      baseURL: openai.baseUrl ?? 'https://api.openai.com/v1',
      apiKey: openai.apiKey ?? 'no key',
      organization: null,
      project: null,
      logLevel: 'off',
      maxRetries: MAX_RETRIES,
      // Per try and up to the headers only; our own deadline comes first.
      timeout: answerTimeoutMs * 2,
      fetch: boundedFetch({
        maxReplyBytes: Math.max(
          answerMaxBytes * REPLY_BYTES_PER_ANSWER_BYTE,
          REPLY_LEAST_BOUND_BYTES,
        ),
        maxRetryAfterMs: answerTimeoutMs,
      }),
    });
  }

  async *stream(request: AnswerRequest): AsyncGenerator<AnswerPart, Answer> {
    const { query, history, signal: unwanted } = request;
    const deadline = new AbortController();
    const { answerTimeoutMs } = this.environment;
    const timer = setTimeout(() => deadline.abort(deadlineReached()), answerTimeoutMs);
    const signal = AbortSignal.any([unwanted, deadline.signal]);
    try {
      signal.throwIfAborted();
      const index = await this.papers.current(signal);
      const inquiry = readInquiry(query, history);
      const sources = retrieve(index, inquiry)
        .slice(0, SOURCES_IN_PROMPT)
        .map((found) => ({ ...found, ...excerptOf(found.paper, inquiry.terms, index) }));
      const prompt = buildPrompt(query, history, sources);
      // Between two tries the client sleeps without watching the signal.
      const completion = await untilAborted(this.complete(prompt, signal), signal);
      const { text, used, cut } = this.bound(completion, sources);
      const promptTokens = prompt.reduce((sum, { content }) => sum + estimateTokens(content), 0);
      const said = new AnswerSoFar();
      const parts: AnswerPart[] = [
        { type: 'start', model: completion.model ?? this.environment.openai.model, promptTokens },
        ...used.map((source): AnswerPart => ({
          type: 'citation',
          citation: citationOf(source, source.best),
        })),
        { type: 'text', text },
      ];
      for (const part of parts) {
        said.add(part);
        yield part;
      }
      return said.as(cut ? 'partial' : 'complete', completion.usage);
    } catch (error) {
      throw engineFailure(error, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private async complete(messages: PromptMessage[], signal: AbortSignal): Promise<Completion> {
    const { model } = this.environment.openai;
    return readCompletion(
      await this.client.chat.completions.create({ model, messages }, { signal }),
    );
  }

  /** Cuts before the marks are counted and again after, because [1,2] becomes the longer [1][2]. */
  private bound<Source>(completion: Completion, sources: readonly Source[]): BoundText<Source> {
    const { answerMaxBytes } = this.environment;
    const head = truncateUtf8(completion.text, answerMaxBytes);
    const cited = citeUsed(head, sources);
    const fitting = truncateUtf8(cited.text, answerMaxBytes);
    const { text, used } = citeUsed(fitting, cited.used);
    if (text.trim() === '') throw new Error('the answer holds nothing but marks of no source');
    const whole = head === completion.text && fitting === cited.text;
    return { text, used, cut: completion.cut || !whole };
  }
}

interface BoundText<Source> extends CitedText<Source> {
  readonly cut: boolean;
}

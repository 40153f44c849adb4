import type { OnModuleDestroy } from '@nestjs/common';
import type { Environment } from '../config/environment.js';
import type { Citation } from '../conversation/turn.js';
import { estimateTokens } from '../history/tokens.js';
import { AnswerDraft } from './answer-draft.js';
import { type Answer, AnswerEngine, type AnswerPart, type AnswerRequest } from './answer-engine.js';
import { citationOf } from './citation.js';
import type { Completion } from './completion.js';
import { readReply } from './completion-reply.js';
import { deadlineReached, engineFailure, isServerAtFault } from './engine-failure.js';
import type { EngineHealth, Outcome } from './engine-health.js';
import { excerptOf } from './excerpt.js';
import { readInquiry } from './inquiry.js';
import type { OpenAiServer } from './openai-server.js';
import type { PaperSearch } from './papers/paper-search.js';
import { buildPrompt, type PromptMessage } from './prompt.js';
import { retrieve } from './retrieval.js';
import { retrying, type TryBounds } from './retries.js';

// The right paper is among the first three for 59 of the 60 questions of papers/questions.jsonl.
const SOURCES_IN_PROMPT = 4;

/** A reply whose first word is there. */
interface Pieces {
  readonly first: readonly Completion[];
  readonly rest: AsyncGenerator<Completion, void>;
}

interface Task {
  readonly prompt: PromptMessage[];
  readonly sources: readonly Citation[];
}

/**
 * Answers with a model behind any OpenAI-compatible server, from retrieved papers and the history.
 * Guaranteed: one deadline over all tries; an abort reaches the server; nothing is asked again once
 * something was said; the text is storable and bounded; its marks agree with the citations.
 * Not guaranteed: that the model keeps to its sources.
 */
export class OpenAiEngine extends AnswerEngine implements OnModuleDestroy {
  constructor(
    private readonly environment: Environment,
    private readonly papers: PaperSearch,
    private readonly server: OpenAiServer,
    private readonly health: EngineHealth,
  ) {
    super();
  }

  async *stream(request: AnswerRequest): AsyncGenerator<AnswerPart, Answer> {
    const { answerTimeoutMs: timeoutMs } = this.environment;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(deadlineReached()), timeoutMs);
    const signal = AbortSignal.any([request.signal, deadline.signal]);
    try {
      signal.throwIfAborted();
      const task = await this.prepare(request, signal);
      return yield* this.answerTo(task, { signal, timeoutMs });
    } catch (error) {
      throw engineFailure(error, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  onModuleDestroy(): void {
    this.health.stop();
  }

  private async prepare({ query, history }: AnswerRequest, signal: AbortSignal): Promise<Task> {
    const index = await this.papers.current(signal);
    const inquiry = readInquiry(query, history);
    const sources = retrieve(index, inquiry)
      .slice(0, SOURCES_IN_PROMPT)
      .map((found) => ({ ...found, ...excerptOf(found.paper, inquiry.terms, index) }));
    return {
      prompt: buildPrompt(query, history, sources),
      sources: sources.map((source) => citationOf(source, source.best)),
    };
  }

  /** Tells the server's health how it went. */
  private async *answerTo(task: Task, bounds: TryBounds): AsyncGenerator<AnswerPart, Answer> {
    const attempt = this.health.begin();
    let outcome: Outcome = 'none';
    let hasSpoken = false;
    try {
      const pieces = await retrying(() => this.open(task.prompt, bounds.signal), bounds);
      hasSpoken = true;
      attempt.spoke();
      const answer = yield* tell(this.draft(task), pieces, bounds.signal);
      outcome = 'answered';
      return answer;
    } catch (error) {
      if (isServerAtFault(error, bounds.signal, hasSpoken)) outcome = 'server failed';
      throw error;
    } finally {
      attempt.ended(outcome);
    }
  }

  /** Asks, and waits for the first word: until then everything can be tried again. */
  private async open(prompt: PromptMessage[], signal: AbortSignal): Promise<Pieces> {
    const response = await this.server.ask(prompt, signal);
    const rest = readReply(response, this.environment.answerIdleTimeoutMs);
    const first: Completion[] = [];
    for (;;) {
      const step = await rest.next();
      if (step.done) break;
      first.push(step.value);
      if (step.value.text !== '') break;
    }
    return { first, rest };
  }

  private draft({ prompt, sources }: Task): AnswerDraft {
    const { answerMaxBytes: maxBytes, openai } = this.environment;
    const promptTokens = prompt.reduce((sum, { content }) => sum + estimateTokens(content), 0);
    return new AnswerDraft({ sources, maxBytes, model: openai.model, promptTokens });
  }
}

async function* tell(
  draft: AnswerDraft,
  { first, rest }: Pieces,
  signal: AbortSignal,
): AsyncGenerator<AnswerPart, Answer> {
  try {
    for (const piece of first) yield* draft.push(piece);
    while (!draft.isFull) {
      const step = await rest.next();
      signal.throwIfAborted();
      if (step.done) break;
      yield* draft.push(step.value);
    }
    yield* draft.end();
    return draft.whole();
  } finally {
    // Also when nobody wants more before the rest was looked at.
    await rest.return();
  }
}

import type { Citation, TokenUsage } from '../conversation/turn.js';
import type { Answer, AnswerPart } from './answer-engine.js';
import { AnswerSoFar } from './answer-so-far.js';
import { AnswerText } from './answer-text.js';
import type { Completion } from './completion.js';

export interface DraftOptions {
  /** In the order in which the prompt numbers them. */
  readonly sources: readonly Citation[];
  readonly maxBytes: number;
  /** As long as the server names none. */
  readonly model: string;
  readonly promptTokens: number;
}

/** Makes the parts of an answer, and then the whole one, out of the pieces of a server's reply. */
export class AnswerDraft {
  private readonly text: AnswerText;
  private readonly said = new AnswerSoFar();
  private readonly promptTokens: number;
  private model: string;
  private usage: TokenUsage | undefined;
  private isCut = false;

  constructor({ sources, maxBytes, model, promptTokens }: DraftOptions) {
    this.text = new AnswerText(sources, maxBytes);
    this.model = model;
    this.promptTokens = promptTokens;
  }

  /** The answer was cut: what follows is of no use. */
  get isFull(): boolean {
    return this.text.isFull;
  }

  push(piece: Completion): AnswerPart[] {
    this.model = piece.model ?? this.model;
    this.usage = piece.usage ?? this.usage;
    this.isCut ||= piece.ended === 'cut';
    return this.tell(this.text.push(piece.text));
  }

  /** What is left when no piece follows. */
  end(): AnswerPart[] {
    return this.tell(this.text.end());
  }

  /** @throws Error when nothing was said. */
  whole(): Answer {
    if (this.said.text === '') throw new Error('the reply holds no answer');
    return this.said.as(this.isCut || this.isFull ? 'partial' : 'complete', this.usage);
  }

  private tell(words: AnswerPart[]): AnswerPart[] {
    if (words.length === 0) return words;
    const { model, promptTokens } = this;
    const hasBegun = this.said.text !== '';
    const parts = hasBegun ? words : [{ type: 'start', model, promptTokens } as const, ...words];
    for (const part of parts) this.said.add(part);
    return parts;
  }
}

import type { Citation, TokenUsage } from '../conversation/turn.js';
import { estimateTokens } from '../history/tokens.js';
import type { Answer, AnswerPart } from './answer-engine.js';

/** What was said of an answer until now: also one that breaks off can be kept. */
export class AnswerSoFar {
  private said = '';
  private model = '';
  private promptTokens = 0;
  private readonly cited: Citation[] = [];

  /** Empty while nothing was said. */
  get text(): string {
    return this.said;
  }

  add(part: AnswerPart): void {
    switch (part.type) {
      case 'start':
        this.model = part.model;
        this.promptTokens = part.promptTokens;
        break;
      case 'citation':
        this.cited.push(part.citation);
        break;
      case 'text':
        this.said += part.text;
        break;
    }
  }

  /** The answer as it stands, with estimated tokens where the engine's count is not known. */
  as(status: Answer['status'], counted?: TokenUsage): Answer {
    return {
      text: this.said,
      status,
      citations: [...this.cited],
      usage: counted ?? {
        promptTokens: this.promptTokens,
        completionTokens: estimateTokens(this.said),
      },
      model: this.model,
    };
  }
}

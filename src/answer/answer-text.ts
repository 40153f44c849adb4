import { truncateUtf8 } from '../conversation/text.js';
import type { Citation } from '../conversation/turn.js';
import type { AnswerPart } from './answer-engine.js';
import { type CitedPiece, Marks } from './marks.js';
import { StorableChunks } from './storable-chunks.js';

/**
 * Makes the words of an answer out of what a model says: storable, without blanks around it, its marks
 * renumbered and each preceded by its citation, cut at a character where it gets too long.
 * What is held back until it can be told is little: an open bracket or code, blanks, half a character.
 */
export class AnswerText {
  private readonly storable = new StorableChunks();
  private readonly marks: Marks<Citation>;
  // Said only when something follows them: blanks at the end belong to no answer.
  private blanks = '';
  private roomBytes: number;
  private begun = false;
  private full = false;

  /** The text's [1] is the first of the sources. */
  constructor(sources: readonly Citation[], maxBytes: number) {
    this.marks = new Marks(sources);
    this.roomBytes = maxBytes;
  }

  /** The text was cut: nothing is taken any more. */
  get isFull(): boolean {
    return this.full;
  }

  push(chunk: string): AnswerPart[] {
    return this.told(this.marks.push(this.storable.push(chunk)));
  }

  /** What is left when no chunk follows. */
  end(): AnswerPart[] {
    return this.told([...this.marks.push(this.storable.end()), ...this.marks.end()]);
  }

  private told(pieces: readonly CitedPiece<Citation>[]): AnswerPart[] {
    const citations: AnswerPart[] = [];
    let text = '';
    for (const piece of pieces) {
      const fitting = this.fit(piece);
      if (fitting === '') continue;
      text += fitting;
      citations.push(
        ...piece.newSources.map((citation) => ({ type: 'citation', citation }) as const),
      );
    }
    return text === '' ? [] : [...citations, { type: 'text', text }];
  }

  private fit({ text, isMark }: CitedPiece<Citation>): string {
    if (this.full) return '';
    const spaced = this.begun ? this.blanks + text : text.trimStart();
    const said = spaced.trimEnd();
    // More blanks than there is room for are as good as any number of them.
    this.blanks = spaced.slice(said.length, said.length + this.roomBytes);
    const fitting = truncateUtf8(said, this.roomBytes);
    this.full = fitting.length < said.length;
    if (this.full && isMark) return '';
    this.begun ||= fitting !== '';
    this.roomBytes -= Buffer.byteLength(fitting);
    return fitting;
  }
}

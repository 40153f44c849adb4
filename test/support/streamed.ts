import type {
  Answer,
  AnswerEngine,
  AnswerPart,
  AnswerRequest,
} from '../../src/answer/answer-engine.js';

/** An answer with the parts that it came in. */
export interface Streamed {
  readonly parts: readonly AnswerPart[];
  readonly answer: Answer;
}

/** Reads an answer to its end, or as far as it comes: `seen` gets each part at once. */
export async function readStream(
  engine: AnswerEngine,
  request: AnswerRequest,
  seen: (part: AnswerPart) => void = () => undefined,
): Promise<Streamed> {
  const stream = engine.stream(request);
  const parts: AnswerPart[] = [];
  for (;;) {
    const step = await stream.next();
    if (step.done) return { parts, answer: step.value };
    parts.push(step.value);
    seen(step.value);
  }
}

export const textsOf = (parts: readonly AnswerPart[]): string[] =>
  parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));

/** What the parts of any answer promise. Throws a sentence that says what they broke. */
export function assertKeepsPromise({ parts, answer }: Streamed): void {
  if (parts[0]?.type !== 'start') throw new Error('the answer does not begin with its start');
  if (parts.filter(({ type }) => type === 'start').length > 1) throw new Error('it starts twice');
  if (textsOf(parts).includes('')) throw new Error('a text is empty');
  if (textsOf(parts).some((text) => !text.isWellFormed() || text.includes('\0'))) {
    throw new Error('a text cannot be stored');
  }
  if (textsOf(parts).join('') !== answer.text) throw new Error('the texts are not the whole text');
  const cited = parts.flatMap((part) => (part.type === 'citation' ? [part.citation] : []));
  if (JSON.stringify(cited) !== JSON.stringify(answer.citations)) {
    throw new Error('the citations are not those of the whole answer');
  }
  let known = 0;
  for (const part of parts) {
    if (part.type === 'citation') known++;
    if (part.type !== 'text') continue;
    const marks = [...part.text.matchAll(/\[(\d+)\]/gu)].map(([, number]) => Number(number));
    if (marks.some((mark) => mark > known)) throw new Error('a mark comes before its citation');
  }
}

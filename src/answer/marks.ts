// At most two digits: [2017] is a year. The numbers of a mark and the blanks before it are bounded, so
// that an answer is read in proportion to its length, and no more than these few characters wait.
const NUMBERS = String.raw`\d{1,2}(?:, ?\d{1,2}){0,15}`;
const TOKEN = new RegExp(
  `(?<mark> ?\\[${NUMBERS}\\])|(?<fence>\`\`\`)|(?<code>\`[^\`\\n]{0,200}\`)|[^ [\`]+|[ [\`]`,
  'uy',
);
/** What may become a longer token with the next chunk. */
const UNFINISHED = new RegExp(` ?(?:\\[(?:${NUMBERS}(?:, ?)?)?)?$|\`\`?$|\`[^\`\\n]{0,200}$`, 'uy');
const FENCE = '```';

/** A piece of a text whose marks were renumbered. */
export interface CitedPiece<Source> {
  readonly text: string;
  /** A mark is whole or not at all. */
  readonly isMark: boolean;
  /** The sources that this mark names for the first time. */
  readonly newSources: readonly Source[];
}

/**
 * Renumbers the marks of a text that comes in chunks, in order of first use, so that they agree with a
 * list of the sources used. A mark that names no source is taken out; brackets in code, and ones with
 * a zero, are no marks. The result does not depend on where the chunks end.
 */
export class Marks<Source> {
  private rest = '';
  private inFence = false;
  private readonly used: Source[] = [];

  constructor(private readonly sources: readonly Source[]) {}

  push(chunk: string): CitedPiece<Source>[] {
    this.rest += chunk;
    return this.read(false);
  }

  /** What is left when no chunk follows. */
  end(): CitedPiece<Source>[] {
    return this.read(true);
  }

  private read(isEnd: boolean): CitedPiece<Source>[] {
    const pieces: CitedPiece<Source>[] = [];
    let prose = '';
    let at = 0;
    while (at < this.rest.length) {
      if (this.inFence) {
        const end = this.endOfFence(at, isEnd);
        if (end === at) break;
        prose += this.rest.slice(at, end);
        at = end;
        continue;
      }
      if (!isEnd && startsAt(UNFINISHED, this.rest, at)) break;
      const token = startsAt(TOKEN, this.rest, at)!;
      at += token[0].length;
      this.inFence = token.groups!['fence'] !== undefined;
      const mark = token.groups!['mark'];
      const cited = mark === undefined ? token[0] : this.renumber(mark);
      if (typeof cited === 'string') prose += cited;
      else {
        pieces.push(...asProse(prose), cited);
        prose = '';
      }
    }
    this.rest = this.rest.slice(at);
    return [...pieces, ...asProse(prose)];
  }

  /** Where the fenced code that goes on at a place ends, as far as that can be known. */
  private endOfFence(at: number, isEnd: boolean): number {
    const fence = this.rest.indexOf(FENCE, at);
    if (fence !== -1) {
      this.inFence = false;
      return fence + FENCE.length;
    }
    if (isEnd) return this.rest.length;
    return this.rest.length - /`{0,2}$/u.exec(this.rest.slice(at))![0].length;
  }

  private renumber(mark: string): string | CitedPiece<Source> {
    const numbers = mark.match(/\d+/gu)!.map(Number);
    if (numbers.includes(0)) return mark;
    const named = new Set(numbers.flatMap((number) => this.sources[number - 1] ?? []));
    if (named.size === 0) return '';
    const newSources = [...named].filter((source) => !this.used.includes(source));
    this.used.push(...newSources);
    const marks = [...named].map((source) => `[${this.used.indexOf(source) + 1}]`);
    const blank = mark.startsWith(' ') ? ' ' : '';
    return { text: blank + marks.join(''), isMark: true, newSources };
  }
}

function startsAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const asProse = (text: string) => (text === '' ? [] : [{ text, isMark: false, newSources: [] }]);

// At most two digits: [2017] is a year. One optional blank, because a long run of them would make
// an unbounded pattern quadratic in the answer's length.
const MARK = / ?\[\d{1,2}(?:, ?\d{1,2})*\]/gu;
const CODE = /(```[\s\S]*?```|`[^`\n]*`)/u;

export interface CitedText<Source> {
  readonly text: string;
  /** The sources that the text uses: [1] is the first. */
  readonly used: readonly Source[];
}

/**
 * Renumbers the marks of a text in order of first use, so that they agree with a list of the sources
 * used. A mark that names no source is taken out; brackets in code, and ones with a zero, are no marks.
 */
export function citeUsed<Source>(text: string, sources: readonly Source[]): CitedText<Source> {
  const used: Source[] = [];
  const renumber = (mark: string): string => {
    const numbers = mark.match(/\d+/gu)!.map(Number);
    if (numbers.includes(0)) return mark;
    const named = numbers.flatMap((number) => sources[number - 1] ?? []);
    if (named.length === 0) return '';
    for (const source of named) if (!used.includes(source)) used.push(source);
    const marks = new Set(named.map((source) => `[${used.indexOf(source) + 1}]`));
    return (mark.startsWith(' ') ? ' ' : '') + [...marks].join('');
  };
  const parts = text.split(CODE);
  // A pattern with one group splits into prose at even and code at odd places.
  const cited = parts.map((part, place) => (place % 2 === 0 ? part.replace(MARK, renumber) : part));
  return { text: cited.join(''), used };
}

const MAX_CHARACTERS = 80;
const MARK = '…';
// A long word behind short ones, or a script without spaces, is cut where it is: better than a title of nearly nothing.
const MIN_CHARACTERS = 40;

/** The title that a conversation gets from its first question: one line, cut at a word. Null for a question of blanks. */
export function titleOf(question: string): string | null {
  const line = question.replace(/\s+/gu, ' ').trim();
  // By code points, of which each takes two units at most: no character is cut in two.
  const characters = Array.from(line.slice(0, 2 * (MAX_CHARACTERS + 1)));
  if (characters.length <= MAX_CHARACTERS) return line || null;
  const end = MAX_CHARACTERS - MARK.length;
  const lastBlank = characters.slice(0, end + 1).lastIndexOf(' ');
  const words = characters.slice(0, lastBlank < MIN_CHARACTERS ? end : lastBlank);
  return words.join('').trimEnd() + MARK;
}

// Far above the longest line that can be a paper. What is longer is cut, and then refused as no JSON.
const LINE_MAX_CHARACTERS = 1_000_000;

const BYTE_ORDER_MARK = /^\uFEFF/u;

/** The lines of a text that comes in pieces, however long the text or one of its lines may be. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest: string | undefined;
  for await (const piece of pieces) {
    const text = rest === undefined ? piece.replace(BYTE_ORDER_MARK, '') : rest + piece;
    const lines = text.split('\n');
    rest = lines.pop()!.slice(0, LINE_MAX_CHARACTERS);
    yield* lines;
  }
  if (rest) yield rest;
}

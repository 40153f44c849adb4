import type { CountingEngine } from './counting-engine.js';

/** An answer that the engine tells as far as the test says: so nothing depends on how fast anybody is. */
export interface ToldAnswer {
  /** Says some more. */
  say(text: string): void;
  end(): void;
}

/** What the engine says next. */
export function toldAnswer(engine: CountingEngine): ToldAnswer {
  const words: (string | null)[] = [];
  let wake = (): void => undefined;
  async function* chunks(): AsyncGenerator<string> {
    for (;;) {
      const word = words.shift();
      if (word === null) return;
      if (word === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else yield word;
    }
  }
  const add = (word: string | null) => {
    words.push(word);
    wake();
  };
  engine.stub.next({ kind: 'stream', chunks: chunks() });
  return { say: add, end: () => add(null) };
}

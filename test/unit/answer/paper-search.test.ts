import { expect, it } from 'vitest';
import { type Paper, PaperShelf } from '../../../src/answer/papers/paper.js';
import { PaperSearch } from '../../../src/answer/papers/paper-search.js';

const MINUTE_MS = 60_000;
const never = new AbortController().signal;

class Shelf extends PaperShelf {
  papers: Paper[] = [paper('dropout-2014', 'Dropout switches units off.')];
  current = '1';
  asked = 0;
  fault: 'none' | 'fails' | 'hangs' = 'none';

  override async all(): Promise<readonly Paper[]> {
    return this.papers;
  }

  override async version(): Promise<string> {
    this.asked++;
    if (this.fault === 'hangs') await new Promise(() => undefined);
    if (this.fault === 'fails') throw new Error('the shelf is away');
    return this.current;
  }
}

function paper(id: string, text: string): Paper {
  return { id, title: id, authors: [], year: 2014, url: 'https://example.org', text };
}

function searchOver(shelf: Shelf): { search: PaperSearch; pass: (ms: number) => void } {
  let nowMs = 0;
  return { search: new PaperSearch(shelf, () => nowMs), pass: (ms) => void (nowMs += ms) };
}

it('asks the shelf once a minute, and finds an import from then on', async () => {
  const shelf = new Shelf();
  const { search, pass } = searchOver(shelf);
  await search.current(never);
  shelf.papers = [...shelf.papers, paper('lasso-1996', 'The lasso shrinks.')];
  shelf.current = '2';

  pass(MINUTE_MS - 1);
  expect((await search.current(never)).search(['lasso'])).toEqual([]);
  expect(shelf.asked).toBe(1);

  pass(1);
  expect((await search.current(never)).search(['lasso'])[0]?.paper.id).toBe('lasso-1996');
  expect(shelf.asked).toBe(2);
});

it('keeps the index while the shelf is unchanged, and reads it once for many at a time', async () => {
  const shelf = new Shelf();
  const { search, pass } = searchOver(shelf);
  const indexes = await Promise.all([1, 2, 3].map(() => search.current(never)));
  expect(new Set(indexes).size).toBe(1);
  expect(shelf.asked).toBe(1);
  pass(MINUTE_MS);
  expect(await search.current(never)).toBe(indexes[0]);
});

it.each(['fails', 'hangs'] as const)(
  'answers from the old index when a refresh %s, and asks again a minute later',
  async (fault) => {
    const shelf = new Shelf();
    const { search, pass } = searchOver(shelf);
    const index = await search.current(never);
    shelf.fault = fault;
    pass(MINUTE_MS);
    expect(await search.current(never)).toBe(index);
    const asked = shelf.asked;
    const startMs = performance.now();
    expect(await search.current(never)).toBe(index);
    expect(performance.now() - startMs, 'the next question waits for nothing').toBeLessThan(100);
    expect(shelf.asked).toBe(asked);
  },
);

it('fails while there is no index yet, and tries again with the next question', async () => {
  const shelf = new Shelf();
  shelf.fault = 'fails';
  const { search } = searchOver(shelf);
  await expect(search.current(never)).rejects.toThrow('the shelf is away');
  shelf.fault = 'none';
  expect((await search.current(never)).search(['dropout'])).toHaveLength(1);
});

it('lets go of a caller who does not want the answer any more', async () => {
  const shelf = new Shelf();
  shelf.fault = 'hangs';
  const { search } = searchOver(shelf);
  await expect(search.current(AbortSignal.timeout(20))).rejects.toThrow('timeout');
});

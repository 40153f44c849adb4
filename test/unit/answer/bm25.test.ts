import { expect, it } from 'vitest';
import { Bm25 } from '../../../src/answer/papers/bm25.js';

function over(...documents: string[]): Bm25 {
  const bm25 = new Bm25();
  for (const document of documents) bm25.add(document.split(' '));
  return bm25;
}

const order = (bm25: Bm25, ...terms: string[]): number[] =>
  bm25.rank(terms).map(({ document }) => document);

it('puts a rare term above a common one', () => {
  const bm25 = over('learning lasso', 'learning tree', 'learning forest');
  expect(order(bm25, 'learning', 'forest')[0]).toBe(2);
});

it('puts the document that is about a term above a longer one that mentions it', () => {
  const bm25 = over('tree a b c d e f g h', 'tree tree forest', 'other words here');
  expect(order(bm25, 'tree')).toEqual([1, 0]);
});

it('keeps the order of adding among equals', () => {
  expect(order(over('tree', 'tree', 'tree'), 'tree')).toEqual([0, 1, 2]);
});

it('covers a question fully when a document holds all its terms, and not at all when it holds none', () => {
  const bm25 = over('lasso tree', 'forest');
  expect(bm25.rank(['lasso', 'tree', 'lasso'])).toMatchObject([{ document: 0, coverage: 1 }]);
  expect(bm25.rank(['bread'])).toEqual([]);
  expect(bm25.rank([])).toEqual([]);
});

it('weighs a word that no document has most of all', () => {
  const bm25 = over('lasso tree', 'forest tree');
  expect(bm25.rank(['tree', 'bread'])[0]!.coverage).toBeLessThan(0.2);
});

it('is not confused by words that JavaScript knows', () => {
  const bm25 = over('constructor __proto__', 'tree');
  expect(order(bm25, '__proto__', 'toString')).toEqual([0]);
});

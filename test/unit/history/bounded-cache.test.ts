import { describe, expect, it } from 'vitest';
import { BoundedCache } from '../../../src/history/bounded-cache.js';

describe('a bounded cache', () => {
  it('computes once for a key, and every time without one', () => {
    const cache = new BoundedCache<number>(10, () => 1);
    let computed = 0;
    const get = (key?: string) => cache.get(key, () => ++computed);
    expect([get('a'), get('a'), get(), get()]).toEqual([1, 1, 2, 3]);
  });

  it('lets go of what was not used for longest once it weighs too much', () => {
    const cache = new BoundedCache<string>(6, (value) => value.length);
    const computed: string[] = [];
    const get = (key: string) => cache.get(key, () => (computed.push(key), key));
    for (const key of ['aa', 'bb', 'cc', 'aa', 'dd', 'aa', 'bb']) get(key);
    expect(computed).toEqual(['aa', 'bb', 'cc', 'dd', 'bb']);
  });

  it('keeps nothing that is heavier than all that it may hold', () => {
    const cache = new BoundedCache<string>(3, (value) => value.length);
    let computed = 0;
    const get = () => cache.get('heavy', () => `${++computed} is heavy`);
    expect([get(), get()]).toEqual(['1 is heavy', '2 is heavy']);
  });
});

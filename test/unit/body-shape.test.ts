import { describe, expect, it } from 'vitest';
import { isWithinShape } from '../../src/http/body-shape.js';

const fits = (json: string, maxDepth: number, maxValues: number, maxKeys = 100) =>
  isWithinShape(Buffer.from(json), { maxDepth, maxValues, maxKeys });

describe('the shape of a body', () => {
  it.each([
    ['1', 0],
    ['{}', 1],
    ['[[]]', 2],
    ['[[],[],[]]', 2],
    ['{"a":{"b":[1]},"c":{}}', 3],
    [`{"a":"[[[[{{{{","b":"\\"[[","c":"\\\\"}`, 1],
    ['{"[":{"]":1}}', 2],
  ])('%s is %i deep', (json, depth) => {
    expect(fits(json, depth, 100)).toBe(true);
    expect(fits(json, depth - 1, 100)).toBe(false);
  });

  it.each([
    ['1', 1],
    ['[1,2,3]', 4],
    ['{"a":1,"b":2}', 3],
    ['[[],[],[]]', 7],
    ['{"a":",,,,"}', 2],
  ])('%s has at most %i values', (json, values) => {
    expect(fits(json, 100, values)).toBe(true);
    expect(fits(json, 100, values - 1)).toBe(false);
  });

  it.each([
    ['[1,2,3]', 0],
    ['{"a":1,"b":{"c":":::"}}', 3],
    ['[{"a":1},{"a":1}]', 2],
  ])('%s has %i keys', (json, keys) => {
    expect(fits(json, 100, 100, keys)).toBe(true);
    expect(fits(json, 100, 100, keys - 1)).toBe(false);
  });

  it('is found out without recursion, and when a text breaks off', () => {
    expect(fits('['.repeat(262_144), 16, 10_000)).toBe(false);
    expect(fits('"\\', 16, 10_000)).toBe(true);
    expect(fits('', 16, 10_000)).toBe(true);
  });
});

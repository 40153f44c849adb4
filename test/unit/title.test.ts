import { describe, expect, it } from 'vitest';
import { titleOf } from '../../src/conversation/title.js';

describe('the title of a conversation', () => {
  it.each([
    ['is its first question', 'What is attention?', 'What is attention?'],
    ['is one line', '  What\n is \t attention? ', 'What is attention?'],
    ['may fill eighty characters', 'x'.repeat(80), 'x'.repeat(80)],
    ['is cut at a word', `${'word '.repeat(20)}`, `${'word '.repeat(15)}word…`],
    ['is cut in a word that never ends', `Why ${'x'.repeat(100)}`, `Why ${'x'.repeat(75)}…`],
    ['is cut between two characters', '𝒳'.repeat(100), `${'𝒳'.repeat(79)}…`],
  ])('%s', (_, question, title) => {
    expect(titleOf(question)).toBe(title);
  });

  it('is nothing where nothing was asked', () => {
    expect(titleOf(' \n ')).toBeNull();
  });

  it('never has more than eighty characters, and nothing that cannot be stored', () => {
    for (let length = 0; length < 300; length++) {
      const title = titleOf(`${'𝒳 ab 论文 '.repeat(40).slice(0, length).toWellFormed()}.`)!;
      expect(Array.from(title).length).toBeLessThanOrEqual(80);
      expect(title.isWellFormed()).toBe(true);
      expect(title).not.toMatch(/^\s|\s…?$/);
    }
  });
});

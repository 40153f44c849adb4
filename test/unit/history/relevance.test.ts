import { describe, expect, it } from 'vitest';
import type { EarlierTurn } from '../../../src/conversation/turn.js';
import { HistoryChooser } from '../../../src/history/history-chooser.js';
import { estimateTokens } from '../../../src/history/tokens.js';

const DAY_MS = 24 * 3_600_000;

/** Small talk around one turn, from 2 May 2023 on, one turn a day. */
function talkWith(question: string, answer: string, at = 5, length = 30): EarlierTurn[] {
  return Array.from({ length }, (_, place) => ({
    id: `${place}`,
    createdAt: Date.UTC(2023, 4, 2) + place * DAY_MS,
    sources: [],
    question: place === at ? question : `Good day number ${place}`,
    answer: place === at ? answer : `And a good evening ${place} to you, whoever sits there`,
  }));
}

/** The places of the turns that reach a prompt of so many turns. */
function chosen(question: string, turns: readonly EarlierTurn[], maxTurns = 3): number[] {
  const chooser = new HistoryChooser('relevance', estimateTokens);
  const window = chooser.choose(question, turns, { maxTurns, maxTokens: 100_000 });
  return window.turns.map((each) => turns.indexOf(each));
}

describe('what is relevant to a question', () => {
  it('is an old turn on its topic, besides the last two', () => {
    const turns = talkWith('Why does dropout help?', 'It prevents co-adaptation of units.');
    expect(chosen('How did you explain dropout?', turns)).toEqual([5, 28, 29]);
  });

  it('is found by other forms of its words', () => {
    const turns = talkWith('I was researching adoption agencies', 'Which ones?');
    expect(chosen('What did she research about adopting?', turns)).toEqual([5, 28, 29]);
  });

  it('is what was said on the day that is asked about', () => {
    const turns = talkWith('Good day number 5', 'Good evening');
    const on = (question: string) => chosen(question, turns);
    expect(on('What did we speak about on 12 May 2023?')).toEqual([10, 28, 29]);
    expect(on('What did we speak about on May 12th?')).toEqual([10, 28, 29]);
    expect(on('What did we speak about on 2023-05-12?')).toEqual([10, 28, 29]);
    const first = { ...turns[0]!, id: 'april', createdAt: Date.UTC(2023, 3, 30) };
    expect(chosen('What was it that we did in April?', [first, ...turns])).toContain(0);
  });

  it('takes "may" for a month only where it is one', () => {
    const turns = talkWith('Good day', 'Good evening');
    const early = { ...turns[0]!, id: 'early', createdAt: Date.UTC(2023, 2, 1) };
    const others = turns.map((each) => ({ ...each, createdAt: Date.UTC(2023, 3, 1) }));
    const oneInMay = others.with(7, { ...others[7]!, createdAt: Date.UTC(2023, 4, 9) });
    expect(chosen('What happened in May?', [early, ...oneInMay])).toContain(8);
    expect(chosen('What may happen?', [early, ...oneInMay])).not.toContain(8);
  });

  it('is the answer that follows in the next message', () => {
    const turns = talkWith('Which bicycle would you buy?', '');
    const next = { ...turns[6]!, question: 'The green one, since it is lighter', answer: '' };
    expect(chosen('Which bicycle was it?', turns.with(6, next), 5)).toEqual([4, 5, 6, 28, 29]);
  });

  it('is, for a question without a word of its own, what the last turn was about', () => {
    const turns = talkWith('Why does dropout help?', 'It prevents co-adaptation.');
    const last = { ...turns[29]!, question: 'And how is dropout scaled?', answer: 'By its rate.' };
    const followed = turns.with(29, last);
    expect(chosen('Tell me more about that', followed)).toEqual([5, 28, 29]);
    expect(chosen('And why?', followed)).toEqual([5, 28, 29]);
    expect(chosen('Tell me more about that', turns)).not.toContain(5);
  });

  it('is the newest where no turn has anything to do with it', () => {
    const turns = talkWith('Why does dropout help?', 'It prevents co-adaptation.');
    expect(chosen('Quantum chromodynamics?', turns, 5)).toEqual([25, 26, 27, 28, 29]);
  });

  it.each([
    ['我养了一只猫，它叫小白', '我的猫叫什么名字？'],
    ['来週の月曜日に歯医者に行きます', '歯医者はいつですか'],
    ['แมวของฉันชื่อมะลิ', 'แมวชื่ออะไร'],
    ['제 고양이 이름은 나비예요', '고양이가 뭐라고 했죠?'],
  ])('is found in a language without spaces: %s', (said, asked) => {
    expect(chosen(asked, talkWith(said, ''))).toEqual([5, 28, 29]);
  });

  it('skips what does not fit, and takes the next', () => {
    const long = `dropout dropout dropout ${'and so on '.repeat(200)}`;
    const turns = talkWith('A word on dropout', '').with(9, {
      ...talkWith('', '')[9]!,
      question: long,
    });
    const chooser = new HistoryChooser('relevance', estimateTokens);
    const { turns: fitting } = chooser.choose('dropout?', turns, { maxTurns: 9, maxTokens: 100 });
    expect(fitting).toContain(turns[5]);
    expect(fitting).not.toContain(turns[9]);
  });
});

describe('a question of 100,000 characters', () => {
  it.each(['论', 'ก', 'a', '가', '\u0301'])(
    'of "%s" alone does not stall the service',
    (letter) => {
      const turns = talkWith('Why does dropout help?', letter.repeat(100_000), 5, 50);
      const chooser = new HistoryChooser('relevance', estimateTokens);
      const before = process.cpuUsage();
      chooser.choose(letter.repeat(100_000), turns, { maxTurns: 20, maxTokens: 3000 });
      // Takes 10 to 30 ms, where a word segmenter takes 19 s. The processor's time: others use it too.
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
    },
  );
});

import type { Paper } from '../../answer/papers/paper.js';
import { sentencesOf } from '../../answer/papers/sentences.js';
import type { Dice } from './dice.js';

const FIRST = [
  (topic: string) => `What is the main idea of “${topic}”?`,
  (topic: string) => `Can you explain “${topic}” to a beginner?`,
  (topic: string) => `I have to present “${topic}” tomorrow. Where should I begin?`,
  (topic: string) => `Which problem does “${topic}” solve?`,
  (topic: string) => `What do I have to know before I read “${topic}”?`,
  (topic: string) => `How was “${topic}” received when it came out?`,
];
const NEXT = [
  'Tell me more about that.',
  'Why does that work?',
  'Is there an example?',
  'What are its limits?',
  'How does it compare with what was there before?',
  'Can you say that in simpler words?',
  'What would change with less data?',
  'How was that measured?',
  'Who uses it today?',
  'What should I read next?',
  'Could this be in the exam?',
  'Summarise it in two sentences, please.',
];
const FEWEST_SENTENCES = 2;
const MOST_SENTENCES = 4;

export interface DemoAnswer {
  readonly question: string;
  readonly answer: string;
  readonly papers: readonly Paper[];
}

/** What people ask about papers, and what these say. */
export class DemoTexts {
  private readonly sentences: ReadonlyMap<string, readonly string[]>;

  constructor(
    private readonly papers: readonly Paper[],
    private readonly dice: Dice,
  ) {
    this.sentences = new Map(papers.map(({ id, text }) => [id, sentencesOf(text)]));
  }

  /** Some papers are asked about far more often than others. */
  paper(): Paper {
    return this.papers[Math.floor(this.papers.length * this.dice.share() ** 2)]!;
  }

  /** @param place of the turn in its conversation, from 0 on */
  answer(paper: Paper, place: number): DemoAnswer {
    const question = place === 0 ? this.dice.pick(FIRST)(paper.title) : this.dice.pick(NEXT);
    const own = this.quotes(paper, FEWEST_SENTENCES + this.dice.below(MOST_SENTENCES - 1), 1);
    const other = this.paper();
    if (other === paper || this.dice.share() > 0.3) {
      return { question, answer: own, papers: [paper] };
    }
    return { question, answer: `${own} ${this.quotes(other, 1, 2)}`, papers: [paper, other] };
  }

  private quotes(paper: Paper, count: number, mark: number): string {
    const sentences = this.sentences.get(paper.id)!;
    const first = this.dice.below(Math.max(1, sentences.length - count));
    return sentences
      .slice(first, first + count)
      .map((sentence) => `${sentence} [${mark}]`)
      .join(' ');
  }
}

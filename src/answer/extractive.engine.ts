import type { HistoryTurn } from '../conversation/turn.js';
import { estimateTokens } from '../history/tokens.js';
import { type Answer, AnswerEngine, type AnswerPart, type AnswerRequest } from './answer-engine.js';
import { AnswerSoFar } from './answer-so-far.js';
import { citationOf } from './citation.js';
import { engineFailure } from './engine-failure.js';
import { type Inquiry, readInquiry } from './inquiry.js';
import type { PaperIndex } from './papers/paper-index.js';
import { PaperSearch } from './papers/paper-search.js';
import { type Quote, Quotes } from './quotes.js';
import { retrieve } from './retrieval.js';

// Every question of papers/questions.jsonl is covered by 0.46 or more. Of 71 questions about cooking,
// politics, sports and the like, 69 stay at 0.43 or less; the two others ask for a pet's name, and
// some note has a cat and a dog. Questions in words that no paper uses are the price.
const LEAST_COVERAGE = 0.45;

const NOTHING_FOUND = 'I found nothing in the papers about that.';
const NOTHING_MORE = 'I have told you all that the papers say about that.';

/**
 * Answers with sentences of the papers, word for word, each with the mark of its source.
 * Needs no key and no network; the same question, history and papers always give the same answer.
 * Says so when the papers hold nothing about a question, instead of quoting what is merely nearest.
 */
export class ExtractiveEngine extends AnswerEngine {
  constructor(private readonly papers: PaperSearch) {
    super();
  }

  async *stream({ query, history, signal }: AnswerRequest): AsyncGenerator<AnswerPart, Answer> {
    const said = new AnswerSoFar();
    try {
      signal.throwIfAborted();
      const index = await this.papers.current(signal);
      const read = [query, ...history.flatMap(({ question, answer }) => [question, answer])];
      const promptTokens = read.reduce((sum, each) => sum + estimateTokens(each), 0);
      const parts: AnswerPart[] = [
        { type: 'start', model: 'extractive', promptTokens },
        ...reply(index, readInquiry(query, history), history),
      ];
      for (const part of parts) {
        signal.throwIfAborted();
        said.add(part);
        yield part;
      }
      return said.as('complete');
    } catch (error) {
      throw engineFailure(error, signal);
    }
  }
}

function reply(index: PaperIndex, inquiry: Inquiry, history: readonly HistoryTurn[]): AnswerPart[] {
  const { terms, continues, preferred } = inquiry;
  const followsUp = preferred.size > 0;
  const isNew = (sentence: string): boolean =>
    !followsUp || !history.some(({ answer }) => answer.includes(sentence));
  const quotes = new Quotes(index, terms, isNew);
  const found = retrieve(index, inquiry);
  if (continues && followsUp) {
    return compose(
      quotes.inTurn(found.filter(({ paper }) => preferred.has(paper.id))),
      NOTHING_MORE,
    );
  }
  const covering = found.filter(({ coverage }) => coverage >= LEAST_COVERAGE);
  return compose(quotes.ofBest(covering), covering.length === 0 ? NOTHING_FOUND : NOTHING_MORE);
}

/** One text part a sentence. */
function compose(quotes: readonly Quote[], orElse: string): AnswerPart[] {
  if (quotes.length === 0) return [{ type: 'text', text: orElse }];
  return quotes.flatMap(({ found, best, sentences }, quote): AnswerPart[] => [
    { type: 'citation', citation: citationOf(found, best) },
    ...sentences.map((sentence, position): AnswerPart => {
      const blank = quote + position > 0 ? ' ' : '';
      return { type: 'text', text: `${blank}${sentence} [${quote + 1}]` };
    }),
  ]);
}

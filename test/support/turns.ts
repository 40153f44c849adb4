import { v7 as uuidv7 } from 'uuid';
import type { Turn } from '../../src/conversation/turn.js';

/** A whole turn, with what the test says about it. */
export function aTurn(about: Partial<Turn> = {}): Turn {
  const createdAt = about.createdAt ?? Date.now();
  return {
    id: uuidv7({ msecs: createdAt }),
    question: 'What is attention?',
    answer: 'A weighted look at everything [1].',
    sources: ['vaswani-2017'],
    context: {
      citations: [],
      history: { source: 'none', turns_used: 0, turns_available: 0, tokens: 0 },
    },
    status: 'complete',
    createdAt,
    model: 'extractive',
    usage: { promptTokens: 4, completionTokens: 9 },
    latencyMs: 3,
    metadata: null,
    idempotency: null,
    ...about,
  };
}

export const someTurns = (count: number): Turn[] =>
  Array.from({ length: count }, (_, index) => aTurn({ question: `question ${index + 1}` }));

import { v7 as uuidv7 } from 'uuid';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import type { Turn } from '../../src/conversation/turn.js';

/** A whole turn as the stores keep it, with what the test says about it. */
export function aTurn(about: Partial<StoredTurn> = {}): StoredTurn {
  const { context, metadata: _, ...rest } = aPlainTurn();
  const plain = {
    ...rest,
    context: JSON.stringify(context),
    metadata: null,
    keyId: null,
    topics: null,
  };
  return { ...plain, ...about };
}

/** A whole turn as it was said, with what the test says about it. */
export function aPlainTurn(about: Partial<Turn> = {}): Turn {
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
    tokens: 13,
    latencyMs: 3,
    metadata: null,
    idempotency: null,
    ...about,
  };
}

export const someTurns = (count: number): StoredTurn[] =>
  Array.from({ length: count }, (_, index) => aTurn({ question: `question ${index + 1}` }));

/** What may happen by the protocol as it is, and is counted; all else that is wrong is a violation. */
export const COUNTS = {
  trustedReads: 'reads of trusted sessions',
  missedAround:
    'of them missed a turn that an instance cut off from Redis had written around it, until its recovery',
  missedLost:
    'of them missed a turn that had gone from Redis (lost with it, or refused), and that a flush brought to Postgres and is yet to tell',
  missedBefore:
    'of them missed turns behind a first one that came late, or again to a Redis that had lost the conversation',
  shownAfterErasing:
    'of them showed what an instance cut off from Redis had erased, or what came again to a Redis that was lost since',
  heldTwice:
    'turns stood twice in a session: one that got stuck on its way came behind its own write around Redis',
  wentWithRedis: 'accepted turns went with Redis before their flush',
  overtaken: 'pairs of turns changed places: one was written around a Redis that held the other',
  matchedInBoth: 'pairs of turns with the same If-Match were taken, one by each store',
  matchedAfterLoss:
    'pairs of turns with the same If-Match were taken by Redis: Postgres had given the numbers before them anew',
  staleWhenQuiet: 'sessions lacked a turn when all was quiet, and were mended by the next turns',
} as const;

export type Count = keyof typeof COUNTS;

export const noCounts = (): Record<Count, number> =>
  Object.fromEntries(Object.keys(COUNTS).map((count) => [count, 0])) as Record<Count, number>;

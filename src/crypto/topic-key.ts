import type { KeyObject } from 'node:crypto';

/** By what the phrases of all questions are made into tokens, on all instances; also its own token for injection. */
export abstract class TopicKey {
  /** null: topics are not counted, or not yet. */
  abstract readonly current: KeyObject | null;
}

/** ANALYTICS_TOPICS is `sources`, or there is no archive that they could be counted in. */
export class NoTopicKey extends TopicKey {
  readonly current = null;
}

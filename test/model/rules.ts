import type { Mishap } from './random.js';

interface RuleAbout {
  readonly promise: string;
  /** What has to go wrong, again and again, for somebody to miss it. */
  readonly needed: readonly Mishap[];
}

const rule = (promise: string, ...needed: Mishap[]): RuleAbout => ({ promise, needed });

/** What the protocol rests on. Each may be taken away, to see that the model would notice. */
export const RULES = {
  'acknowledge-by-id': rule(
    'an acknowledgement counts only if that very turn stands at that seq',
    'Redis flushed',
    'Redis rolled back',
  ),
  'numbers-agree': rule('a session whose numbers are not those of Postgres goes', 'Redis flushed'),
  'insert-once': rule('Postgres ignores a turn whose id it has', 'reply lost'),
  'find-on-retry': rule('an append that is repeated looks for its turn first', 'reply lost'),
  'trim-below-synced': rule('only turns that are in Postgres are trimmed', 'Postgres away'),
  'ttl-when-clean': rule('a session with unsynced turns has no TTL', 'session expired'),
  'drop-when-clean': rule('a session with unsynced turns is not dropped', 'Redis restarted'),
  'look-again': rule(
    'who fills a session looks again whether the archive has more by then',
    'session expired',
  ),
  'whole-session': rule('half a session counts as absent', 'session evicted'),
  epoch: rule(
    'a session from before a restart of Redis is not trusted',
    'copy of Redis',
    'Redis rolled back',
  ),
  recovery: rule('what was written around Redis is marked, and its session dropped', 'Redis away'),
  'mark-by-token': rule(
    'a mark is cleared only if it is still the same',
    'link broken',
    'reply lost',
  ),
  tombstone: rule('an erased conversation leaves a row that takes nothing', 'reply lost'),
  'shut-when-erased': rule(
    'an erased session cannot be filled by who had read it before',
    'session expired',
  ),
  'mark-erased': rule('erasing marks the conversation for recovery', 'link broken'),
} as const;

export type Rule = keyof typeof RULES;

export const isRule = (name: string): name is Rule => name in RULES;

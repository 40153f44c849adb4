import type { Mishap } from './random.js';

interface RuleAbout {
  readonly promise: string;
  /** What is broken without it. */
  readonly breaks: string;
  /** What has to go wrong, again and again, for somebody to miss it. */
  readonly needed: readonly Mishap[];
}

const rule = (promise: string, breaks: string, ...needed: Mishap[]): RuleAbout => ({
  promise,
  breaks,
  needed,
});

/** What the protocol rests on. Each may be taken away, to see that the model would notice. */
export const RULES = {
  'acknowledge-by-id': rule(
    'an acknowledgement counts only if that very turn stands at that seq',
    'a turn stands before one that was acknowledged earlier',
    'instance killed',
    'copy of Redis',
    'Redis rolled back',
  ),
  'numbers-agree': rule(
    'a session that Postgres counts otherwise is not trusted',
    'a trusted session is not what Postgres has',
    'Redis flushed',
  ),
  'distrust-when-refused': rule(
    'a flush whose acknowledgement is refused takes the trust from the session',
    'a read of a trusted session missed a committed turn',
    'Redis flushed',
    'turn refused',
  ),
  'commit-first': rule(
    'nothing is acknowledged before it is committed',
    'an accepted turn is nowhere',
    'Redis emptied',
  ),
  'insert-once': rule(
    'Postgres ignores a turn whose id it has',
    'a turn is doubled in Postgres',
    'reply lost',
  ),
  'find-on-retry': rule(
    'an append that is tried again looks for its turn first',
    'a session holds a turn twice',
    'reply lost',
  ),
  'find-when-keyed': rule(
    'an append with an Idempotency-Key looks for its turn first',
    'a session holds a turn twice',
    'reply lost',
  ),
  'create-first-only': rule(
    'only the first turn of a conversation creates a session',
    'a read of a trusted session missed a committed turn',
    'session expired',
  ),
  'trim-below-synced': rule(
    'only turns that are in Postgres are trimmed',
    'an accepted turn is nowhere',
    'Postgres away',
  ),
  'ttl-when-clean': rule(
    'a session with unsynced turns has no TTL',
    'an accepted turn is nowhere',
    'session expired',
  ),
  'drop-when-clean': rule(
    'a session with unsynced turns is not dropped',
    'a turn stands before one that was acknowledged earlier',
    'Redis restarted',
  ),
  'fill-by-ticket': rule(
    'a session is filled only if nothing happened to it since the archive was read',
    'a read of a trusted session missed a committed turn',
    'session expired',
  ),
  'distrust-fills': rule(
    'recovery stops who is about to fill a session',
    'a read of a trusted session missed a committed turn',
    'Redis cut off',
  ),
  'whole-session': rule(
    'half a session counts as absent',
    'an accepted turn is nowhere',
    'session evicted',
  ),
  epoch: rule(
    'a session from before a restart of Redis is not trusted',
    'a read of a trusted session missed a committed turn',
    'copy of Redis',
    'Redis rolled back',
  ),
  recovery: rule(
    'what was written around Redis is recovered',
    'a trusted session is not what Postgres has',
    'Redis cut off',
  ),
  'mark-around': rule(
    'a turn written around Redis marks its conversation',
    'a read of a trusted session missed a committed turn',
    'Redis away',
  ),
  'recovery-first': rule(
    'recovery comes before requests go back to Redis',
    'a read of a trusted session missed a committed turn',
    'Redis away',
  ),
  'recovery-after-write': rule(
    'a write around Redis that a recovery may have missed has another follow',
    'a mark waits for the sweep',
    'Redis away',
  ),
  'mark-by-token': rule(
    'a mark is cleared only if it is still the same',
    'a read of a trusted session missed a committed turn',
    'Redis cut off',
    'reply lost',
  ),
  'distrust-dirty': rule(
    'a session with unsynced turns that was written around is not trusted',
    'a read of a trusted session missed a committed turn',
    'Redis cut off',
    'Postgres away',
  ),
  tombstone: rule(
    'an erased conversation leaves a row that takes nothing',
    'an erased conversation is back after the drain',
    'reply lost',
  ),
  'shut-when-erased': rule(
    'Redis takes nothing for a conversation that was just erased',
    'a turn was taken after its erasing',
    'Redis cut off',
    'Redis frozen',
  ),
  'mark-erased': rule(
    'erasing marks the conversation for recovery',
    'an erased conversation was shown',
    'Redis cut off',
  ),
  'if-match-in-append': rule(
    'the append looks at If-Match',
    'two turns with the same If-Match were taken',
  ),
  'if-match-in-postgres': rule(
    'a write around Redis looks at If-Match under the row lock',
    'two turns with the same If-Match were taken',
    'Redis away',
  ),
  'dead-letters': rule(
    'a turn that Postgres refuses is kept apart',
    'a session is dirty after the drain',
    'turn refused',
  ),
  'mark-letters': rule(
    'a dead letter that is archived marks its conversation',
    'a read of a trusted session missed a committed turn',
    'turn refused',
    'letter retried',
  ),
  'held-in-order': rule(
    'no turn of a batch overtakes one whose row is held',
    'a turn stands before one that was acknowledged earlier',
    'turn refused',
    'row held',
    'Postgres away',
  ),
  'rescue-in-order': rule(
    'only turns that follow directly on the archive are rescued',
    'a turn stands before one that was acknowledged earlier',
    'Redis cut off',
  ),
  'mark-rescued': rule(
    'a rescued turn marks its conversation',
    'a read of a trusted session missed a committed turn',
    'Redis flushed',
  ),
  'rescue-with-write': rule(
    'what an instance had accepted goes first in the very transaction that writes around Redis',
    'an instance overtook its own accepted turn',
    'Redis away',
  ),
  'archive-lost': rule(
    'what an instance holds and neither store has is archived late',
    'a turn that an instance holds is not in Postgres',
    'Redis flushed',
  ),
  'settle-by-id': rule(
    'an instance holds what Redis has accepted from it until that very turn is kept in Postgres',
    'a turn that an instance holds is not in Postgres',
    'Redis cut off',
    'Redis emptied',
  ),
  'bury-rescued': rule(
    'a turn that is refused when it is rescued becomes a dead letter',
    'a turn that an instance holds is not in Postgres',
    'Redis emptied',
    'turn refused',
  ),
  'distrust-before-reply': rule(
    'a session loses its trust before a turn that went around it is acknowledged',
    'a read of a trusted session missed a committed turn',
    'Redis away',
  ),
} as const;

export type Rule = keyof typeof RULES;

export const isRule = (name: string): name is Rule => name in RULES;

import { readFileSync } from 'node:fs';
import { conversationKeys } from '../redis/keys.js';
import { Script } from '../redis/script.js';

const fileOf = (name: string): URL => new URL(`./lua/${name}.lua`, import.meta.url);
const prelude = readFileSync(fileOf('session.prelude'), 'utf8');
const load = (name: string): Script => Script.load(fileOf(name), prelude);

export const SCRIPTS = {
  append: load('append'),
  recall: load('recall'),
  unsynced: load('unsynced'),
  acknowledge: load('acknowledge'),
  unmark: load('unmark'),
  reserve: load('reserve'),
  restore: load('restore'),
  find: load('find'),
  describe: load('describe'),
  change: load('change'),
  drop: load('drop'),
  distrust: load('distrust'),
  erase: load('erase'),
  partition: load('partition'),
  known: load('known'),
  inspect: load('inspect'),
  owned: load('owned'),
  keyring: load('keyring'),
  rewrap: load('rewrap'),
  takeClaim: load('take-claim'),
  endClaim: load('end-claim'),
  forgetClaim: load('forget-claim'),
  setErasureMark: load('set-erasure-mark'),
  erasureMark: load('erasure-mark'),
};

/** KEYS of every script that is about one conversation, in the order of lua/session.prelude.lua. */
export function keysOf(conversationId: string): string[] {
  const { meta, turns, dirty, active } = conversationKeys(conversationId);
  return [meta, turns, dirty, active];
}

/** What a script answers instead of a result; the numbers stand in lua/session.prelude.lua. */
export enum Refusal {
  /** There is no such session, or only half of it. */
  Missing = -1,
  /** It was filled under another run of the server, and may have lost turns since. */
  Stale = -2,
  /** The caller expected another last turn. */
  Changed = -3,
  /** It belongs to somebody else. */
  Foreign = -4,
  /** It holds turns that the archive may not have. */
  Dirty = -5,
}

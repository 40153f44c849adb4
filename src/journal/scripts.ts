import { readFileSync } from 'node:fs';
import type { PlannedTurn } from '../conversation/claims.js';
import { answerKeys, partitionKeys, partitionOf } from '../redis/keys.js';
import { Script } from '../redis/script.js';

const fileOf = (name: string): URL => new URL(`./lua/${name}.lua`, import.meta.url);
const prelude = readFileSync(fileOf('journal.prelude'), 'utf8');
const load = (name: string): Script => Script.load(fileOf(name), prelude);

export const SCRIPTS = {
  open: load('open'),
  write: load('write'),
  end: load('end'),
  running: load('running'),
  read: load('read'),
  takeOver: load('take-over'),
  stop: load('stop'),
  dead: load('dead'),
};

/** What scripts answer to a holder; the numbers stand in lua/journal.prelude.lua. */
export enum Hold {
  Absent = -1,
  Taken = 0,
  Alive = 1,
  Stop = 2,
}

/** KEYS of the scripts that are about one answer: answers, head, events. */
export function keysOf({ conversationId, turnId }: PlannedTurn): [string, string, string] {
  const { answers } = partitionKeys(partitionOf(conversationId));
  const { head, events } = answerKeys(conversationId, turnId);
  return [answers, head, events];
}

export const memberOf = ({ conversationId, turnId }: PlannedTurn): string =>
  `${conversationId}:${turnId}`;

export function turnOfMember(member: string): PlannedTurn {
  const [conversationId, turnId] = member.split(':') as [string, string];
  return { conversationId, turnId };
}

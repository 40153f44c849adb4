import type { JournalEvent, JournalPlace } from '../conversation/answer-journal.js';
import type { Opener } from '../crypto/opener.js';
import type { Sealer } from '../crypto/sealer.js';

/** An entry as XRANGE gives it. */
export type StreamEntry = [id: string, fields: [name: string, value: string]];

type Stored = [first: number, keyId: string | null, events: string];

/**
 * Some events as an entry of the journal: the place of the first one, and their JSON, sealed for that turn and
 * that place. The place lets a reader see whether one came twice, as after a lost reply.
 */
export function encodeEntry(
  events: readonly JournalEvent[],
  first: number,
  turnId: string,
  sealer: Sealer,
): string {
  const json = sealer.json(events, turnId, fieldOf(first));
  return JSON.stringify([first, sealer.keyId, json] satisfies Stored);
}

export interface ReadEntries {
  readonly events: readonly JournalEvent[];
  readonly next: JournalPlace;
  /** When each entry was written: ms since the epoch, by the clock of Redis. */
  readonly atMs: readonly number[];
}

/** What is new in these entries. @throws ServiceError decryption_failed. */
export function decodeEntries(
  entries: readonly StreamEntry[],
  after: JournalPlace,
  turnId: string,
  opener: Opener,
): ReadEntries {
  const events: JournalEvent[] = [];
  let { entry, events: known } = after;
  for (const [id, [, value]] of entries) {
    const [first, keyId, json] = JSON.parse(value) as Stored;
    // What is missing between two entries is gone: what comes after it must not pass for the rest.
    if (first > known) break;
    const all = opener.json<JournalEvent[]>(json, keyId, turnId, fieldOf(first));
    const fresh = all.slice(known - first);
    events.push(...fresh);
    known += fresh.length;
    entry = id;
  }
  const atMs = entries.map(([id]) => Number(id.split('-')[0]));
  return { events, next: { entry, events: known }, atMs };
}

// What is sealed is sealed for this name too: it never changes.
const fieldOf = (first: number): string => `answer events ${first}`;

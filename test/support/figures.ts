import { randomUUID } from 'node:crypto';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import type { Archive } from '../../src/persistence/archive.js';
import { batchOf } from './archive.js';
import { aTurn } from './turns.js';

export interface SaidAt extends Partial<Omit<StoredTurn, 'createdAt'>> {
  /** As ISO writes it. */
  readonly at: string;
}

/** A conversation of turns at these times, archived. */
export async function archiveConversation(
  archive: Archive,
  owner: string | null,
  said: readonly SaidAt[],
): Promise<string> {
  const conversationId = randomUUID();
  const turns = said.map(({ at, ...about }) => aTurn({ createdAt: Date.parse(at), ...about }));
  await archive.commit([batchOf(conversationId, turns, owner)]);
  return conversationId;
}

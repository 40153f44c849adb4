import type { PoolClient } from 'pg';
import { mergeKeyrings } from '../conversation/keyring.js';
import type { ConversationBatch, LockedRow } from './archive.statements.js';

/**
 * Adds the data keys of the batches to the keyrings of their conversations, whose rows have to be locked. In the
 * transaction of the turns: none is ever stored without the key that opens it.
 */
export async function addDataKeys(
  client: PoolClient,
  rows: readonly LockedRow[],
  batches: readonly Pick<ConversationBatch, 'conversationId' | 'keyring'>[],
): Promise<void> {
  const merged = new Map<string, string>();
  for (const { conversationId, keyring } of batches) {
    const row = rows.find(({ conversation_id }) => conversation_id === conversationId);
    // What is erased stays without a key.
    if (!row || row.erased) continue;
    const present = merged.get(conversationId) ?? row.data_key?.toString() ?? '';
    const all = mergeKeyrings(present, keyring);
    if (all !== present) merged.set(conversationId, all);
  }
  if (merged.size === 0) return;
  await client.query(
    `update conversation_sessions s set data_key = convert_to(merged.keyring, 'UTF8')
       from unnest($1::text[], $2::text[]) as merged (conversation_id, keyring)
      where s.conversation_id = merged.conversation_id`,
    [[...merged.keys()], [...merged.values()]],
  );
}

/**
 * The keyring of a conversation: its data keys, each wrapped by one of the operator's keys, as one text that both
 * stores keep and merge; '' without a key. Usually there is one. Two instances that seal the first turn of a
 * conversation at once, or the same turn in either store, bring a key each, and all turns have to stay readable.
 */
export interface KeyringEntry {
  readonly dataKeyId: string;
  readonly wrappingKeyId: string;
  readonly wrappedKey: string;
}

const BETWEEN_ENTRIES = ',';
const BETWEEN_FIELDS = ':';

export function entriesOf(keyring: string): KeyringEntry[] {
  if (keyring === '') return [];
  return keyring.split(BETWEEN_ENTRIES).map((entry) => {
    const [dataKeyId = '', wrappingKeyId = '', wrappedKey = ''] = entry.split(BETWEEN_FIELDS);
    return { dataKeyId, wrappingKeyId, wrappedKey };
  });
}

export function keyringOf(entries: readonly KeyringEntry[]): string {
  return entries
    .map((entry) => [entry.dataKeyId, entry.wrappingKeyId, entry.wrappedKey].join(BETWEEN_FIELDS))
    .join(BETWEEN_ENTRIES);
}

/** The first keyring, and of the second the data keys that it lacks: a key that both have may be wrapped anew in one. */
export function mergeKeyrings(present: string, added: string): string {
  if (present === '' || added === '' || present === added) return present || added;
  const known = new Set(entriesOf(present).map(({ dataKeyId }) => dataKeyId));
  const missing = entriesOf(added).filter(({ dataKeyId }) => !known.has(dataKeyId));
  return missing.length === 0 ? present : `${present}${BETWEEN_ENTRIES}${keyringOf(missing)}`;
}

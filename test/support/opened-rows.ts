import { hasCode } from '../../src/conversation/errors.js';
import type { Opener } from '../../src/crypto/opener.js';
import type { Vault } from '../../src/crypto/vault.js';

/** A database to be asked past the service. */
export interface Queryable {
  query<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
}

interface KeyRow extends Record<string, unknown> {
  readonly id: string;
  readonly key_id: string | null;
  readonly keyring: string | null;
}

/** The same database, in which rows of turns (with their `id` and `conversation_id`) show what was said. */
export function openedBy(vault: Vault, database: Queryable): Queryable {
  return {
    query: async <Row extends Record<string, unknown>>(sql: string, values?: unknown[]) => {
      const rows = await database.query<Row>(sql, values);
      const isOfTurns = rows[0] && 'question' in rows[0];
      return isOfTurns ? openRows(vault, database, rows) : rows;
    },
  };
}

async function openRows<Row extends Record<string, unknown>>(
  vault: Vault,
  database: Queryable,
  rows: readonly Row[],
): Promise<Row[]> {
  const keys = await database.query<KeyRow>(
    `select m.id, m.key_id, convert_from(s.data_key, 'UTF8') as keyring
       from conversation_messages m join conversation_sessions s using (conversation_id)
      where m.id = any($1::uuid[])`,
    [rows.map((row) => row['id'])],
  );
  const byId = new Map(keys.map((row) => [row.id, row]));
  return rows.map((row) => {
    const { key_id, keyring } = byId.get(row['id'] as string)!;
    const opener = vault.opener(row['conversation_id'] as string, keyring ?? '');
    const opened = ['question', 'answer']
      .filter((field) => field in row)
      .map((field) => [field, openText(opener, row, key_id, field)]);
    return { ...row, ...Object.fromEntries(opened) } as Row;
  });
}

/** One that was sealed by the key of another test stays as it is: no ledger here has said it. */
function openText(
  opener: Opener,
  row: Record<string, unknown>,
  keyId: string | null,
  field: string,
): string {
  const stored = row[field] as string;
  try {
    return opener.text(stored, keyId, row['id'] as string, field);
  } catch (error) {
    if (hasCode(error, 'decryption_failed')) return stored;
    throw error;
  }
}

import type { TestDatabase } from './stores.js';

export interface ArchivedTurn {
  readonly id: string;
  readonly seq: number;
  readonly question: string;
  readonly answer: string;
}

/** The turns of a conversation as Postgres has them, in their order. */
export async function archivedTurns(
  database: TestDatabase,
  conversationId: string,
): Promise<ArchivedTurn[]> {
  return database.query<ArchivedTurn & Record<string, unknown>>(
    `select id, seq::integer as seq, question, answer
       from conversation_messages where conversation_id = $1 order by seq`,
    [conversationId],
  );
}

/** Every table of the service. */
export async function tablesOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** How many rows each table has. */
export async function rowCounts(database: TestDatabase): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of await tablesOf(database)) {
    const [row] = await database.query<{ n: number }>(
      `select count(*)::integer as n from "${table}"`,
    );
    counts[table] = row!.n;
  }
  return counts;
}

/** Every row of every table, as text. */
export async function everyRow(database: TestDatabase): Promise<string> {
  const lines: string[] = [];
  for (const table of await tablesOf(database)) {
    const rows = await database.query<{ line: string }>(`select t::text as line from "${table}" t`);
    lines.push(...rows.map(({ line }) => line));
  }
  return lines.join('\n');
}

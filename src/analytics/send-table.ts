import type { FastifyReply } from 'fastify';
import { type Cell, csvOf, prefersCsv } from './csv.js';

/**
 * The rows as they are, or as CSV where the caller asks for that. A list in a row becomes numbered columns.
 * @param columns of a table that may have no row
 */
export function sendTable<Row extends object>(
  reply: FastifyReply,
  accept: string | undefined,
  name: string,
  rows: Row[],
  columns: readonly string[] = [],
): string | Row[] {
  reply.header('Vary', 'Accept');
  if (!prefersCsv(accept)) return rows;
  reply.type('text/csv; charset=utf-8; header=present');
  reply.header('Content-Disposition', `attachment; filename="${name}.csv"`);
  const flat = rows.map(flatten);
  // The first row has all columns: lists only get shorter.
  const names = flat[0] ? Object.keys(flat[0]) : columns;
  return csvOf(
    names,
    flat.map((row) => names.map((column) => row[column] ?? null)),
  );
}

function flatten(row: object): Record<string, Cell> {
  const cells = Object.entries(row).flatMap(([name, value]: [string, Cell | readonly Cell[]]) =>
    Array.isArray(value)
      ? value.map((each, index): [string, Cell] => [`${name}_${index}`, each])
      : [[name, value as Cell] as [string, Cell]],
  );
  return Object.fromEntries(cells);
}

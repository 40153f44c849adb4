const LENGTH_OF_DAY = 10;

/**
 * Whether a text that begins with a day, as 2026-11-24, names one that both Date and Postgres know: to Date the thirtieth of
 * February is another day, and Postgres has no year 0.
 */
export function beginsWithDay(text: string): boolean {
  const day = text.slice(0, LENGTH_OF_DAY);
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day) && day >= '0001';
}

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One process of an instance, and when it had no Redis by its own log; at its start it has none. */
export class InstanceProcess {
  private readonly changes: { readonly atMs: number; readonly isAway: boolean }[] = [
    { atMs: -Infinity, isAway: true },
  ];

  constructor(readonly name: string) {}

  readLog(log: Readable): void {
    createInterface({ input: log }).on('line', (line) => this.readLine(line));
  }

  readLine(line: string): void {
    if (line.includes('"msg":"Redis is away')) this.noteChange(line, true);
    if (line.includes('"msg":"Redis is in use"')) this.noteChange(line, false);
  }

  /** It had no Redis at one moment of this time at least. */
  lackedRedis(fromMs: number, untilMs: number): boolean {
    return this.changes.some(
      ({ atMs, isAway }, index) =>
        isAway && atMs <= untilMs && (this.changes[index + 1]?.atMs ?? Infinity) >= fromMs,
    );
  }

  /** On the clock of the run, as everything that is booked. */
  private noteChange(line: string, isAway: boolean): void {
    const { time } = JSON.parse(line) as { time: string };
    this.changes.push({ atMs: Date.parse(time) - performance.timeOrigin, isAway });
  }
}

import { type FieldError, ServiceError } from '../conversation/errors.js';
import { beginsWithDay } from '../http/calendar.js';
import type { TimeRange } from '../persistence/figures.statements.js';

export type RawQuery = Readonly<Record<string, unknown>>;

export const DAY_MS = 86_400_000;
export const DEFAULT_DAYS = 30;
export const MAX_DAYS = 366;

// A day, or a moment with its time zone: a time without one would be that of the server.
const DAY = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** The parameters of a query, one by one; others than those that are asked for are ignored. */
export class FiguresQuery {
  constructor(private readonly raw: RawQuery) {}

  /**
   * `from` up to but without `to`; by default its day and those before it, in UTC.
   * @throws ServiceError invalid_request.
   */
  range(nowMs: number): TimeRange {
    const toMs = this.moment('to') ?? nowMs;
    const today = Math.floor((toMs - 1) / DAY_MS) * DAY_MS;
    const fromMs = this.moment('from') ?? today - (DEFAULT_DAYS - 1) * DAY_MS;
    if (fromMs >= toMs) throw invalid('from', 'takes a time before to');
    if (toMs - fromMs > MAX_DAYS * DAY_MS) {
      throw invalid('from', `takes a time at most ${MAX_DAYS} days before to`);
    }
    return { fromMs, toMs };
  }

  /** @throws ServiceError invalid_request. */
  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = values.find((each) => each === text);
    if (value === undefined) throw invalid(name, `takes ${values.join(', ')}`);
    return value;
  }

  /** @throws ServiceError invalid_request. */
  integer(name: string, range: { default: number; min: number; max: number }): number {
    const text = this.text(name);
    if (text === undefined) return range.default;
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= range.min && value <= range.max) return value;
    throw invalid(name, `takes a whole number from ${range.min} to ${range.max}`);
  }

  private moment(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = DAY.test(text) || MOMENT.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(ms) && beginsWithDay(text)) return ms;
    throw invalid(name, 'takes a day as 2026-11-24, or a time as 2026-11-24T08:00:00Z');
  }

  /** An empty one counts as absent. */
  private text(name: string): string | undefined {
    const value = this.raw[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw invalid(name, 'comes once');
    return value;
  }
}

function invalid(path: string, message: string): ServiceError {
  const fields: FieldError[] = [{ path, message }];
  return new ServiceError('invalid_request', 'Correct the fields that errors names.', { fields });
}

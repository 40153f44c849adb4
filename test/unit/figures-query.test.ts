import { describe, expect, it } from 'vitest';
import { FiguresQuery, type RawQuery } from '../../src/analytics/figures-query.js';

const NOW = Date.parse('2026-11-24T14:30:00Z');
const rangeOf = (raw: RawQuery) => {
  const { fromMs, toMs } = new FiguresQuery(raw).range(NOW);
  return [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
};

describe('the range of a query', () => {
  it('is today and the 29 days before it when nothing is said', () => {
    expect(rangeOf({})).toEqual(['2026-10-26T00:00:00.000Z', '2026-11-24T14:30:00.000Z']);
  });

  it('takes days, in UTC, and times with their zones', () => {
    const range = rangeOf({ from: '2026-11-01', to: '2026-11-02T01:00:00+01:00' });
    expect(range).toEqual(['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z']);
  });

  it('is thirty days before an end at midnight', () => {
    expect(rangeOf({ to: '2026-11-01' })[0]).toBe('2026-10-02T00:00:00.000Z');
  });

  it.each([
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-11-01T08:00:00' }, 'from'],
    [{ from: '2026-02-30' }, 'from'],
    [{ from: '0000-12-01', to: '0000-12-02' }, 'to'],
    [{ to: '2026-13-01' }, 'to'],
    [{ from: ['2026-11-01', '2026-11-02'] }, 'from'],
    [{ from: '2026-11-24T15:00:00Z' }, 'from'],
    [{ from: '2025-11-01' }, 'from'],
  ])('is not %j', (raw, path) => {
    const wrong = { code: 'invalid_request', fields: [expect.objectContaining({ path })] };
    expect(() => rangeOf(raw)).toThrow(expect.objectContaining(wrong));
  });
});

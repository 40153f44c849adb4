import { describe, expect, it } from 'vitest';
import { csvOf, prefersCsv } from '../../src/analytics/csv.js';

describe('a table as CSV', () => {
  it('has names, lines that end as RFC 4180 says, and empty fields for nothing', () => {
    expect(
      csvOf(
        ['topic', 'turns'],
        [
          ['a', 1],
          ['b', null],
        ],
      ),
    ).toBe('topic,turns\r\na,1\r\nb,\r\n');
  });

  it('quotes what would break a line', () => {
    const csv = csvOf(['x'], [['a,b'], ['say "so"'], ['two\nlines']]);
    expect(csv).toBe('x\r\n"a,b"\r\n"say ""so"""\r\n"two\nlines"\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@sum', '\t=1', '\r=1', '\n=1'])(
    'gives a spreadsheet no formula: %j',
    (topic) => {
      const [, field] = /^x\r\n"?(.*?)"?\r\n$/s.exec(csvOf(['x'], [[topic]]))!;
      expect(field).toBe(`'${topic}`);
    },
  );

  it('leaves numbers alone, negative ones too', () => {
    expect(csvOf(['x'], [[-1]])).toBe('x\r\n-1\r\n');
  });
});

describe('the Accept header', () => {
  it.each(['text/csv', 'TEXT/CSV', 'text/csv, */*', 'application/json;q=0.5, text/csv'])(
    'asks for CSV: %s',
    (accept) => expect(prefersCsv(accept)).toBe(true),
  );

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'text/csv;q=0',
    'text/csv;q=x',
    'text/csv;q=0.5, application/json',
  ])('asks for JSON: %s', (accept) => expect(prefersCsv(accept)).toBe(false));
});

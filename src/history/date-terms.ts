import { stem } from 'porter2';

const MONTHS =
  'january february march april may june july august september october november december'.split(
    ' ',
  );
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

// "May" is a month with a capital, and beside a number or a word that places something in time.
const MONTH =
  '(?:January|February|March|April|June|July|August|September|October|November|December)';
const DATE = new RegExp(
  `\\b(\\d{1,2})(?:st|nd|rd|th)? (?:of )?(${MONTH}|May)\\b|\\b(${MONTH}|May) (\\d{1,2})(?:st|nd|rd|th)?\\b`,
  'gu',
);
const IN_MAY =
  /\b(?:in|since|until|of|during|by|from|to|last|next|this|early|late|mid) May\b|\bMay,? \d{4}\b/u;
const ISO_DATE = /\b(\d{4})-(\d{2})-(\d{2})\b/gu;

/** A turn's own day as terms, so that "in May", "on Monday" and "on 8 May 2023" find it. Days are UTC. */
export function dayTerms(createdAt: number): string[] {
  const date = new Date(createdAt);
  const month = date.getUTCMonth();
  return [
    stem(MONTHS[month]!),
    dayOf(month, date.getUTCDate()),
    String(date.getUTCFullYear()),
    stem(WEEKDAYS[date.getUTCDay()]!),
  ];
}

/** A text without the dates in it, and these as terms: the 8 of "8 May" is no number to look for. */
export function takeDates(text: string): { dates: string[]; rest: string } {
  const dates: string[] = [];
  const take = (month: number, day: string): string => {
    dates.push(stem(MONTHS[month]!), dayOf(month, Number(day)));
    return ' ';
  };
  const rest = text
    .replace(ISO_DATE, (date, year: string, month: string, day: string) =>
      MONTHS[Number(month) - 1] ? `${take(Number(month) - 1, day)}${year}` : date,
    )
    .replace(DATE, (_, day?: string, month?: string, otherMonth?: string, otherDay?: string) =>
      take(MONTHS.indexOf((month ?? otherMonth)!.toLowerCase()), (day ?? otherDay)!),
    );
  if (IN_MAY.test(rest)) dates.push('may');
  return { dates, rest };
}

const dayOf = (month: number, day: number): string => `${MONTHS[month]!} ${day}`;

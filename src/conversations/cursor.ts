import { UUID } from '../conversation/conversation.js';
import type { ListPlace } from '../conversation/own-conversations.js';
import { beginsWithDay } from '../http/calendar.js';
import { invalidQuery } from './query.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** A place in a list as callers pass it around, without looking into it. */
export const cursorOf = ({ lastActivity, id }: ListPlace): string =>
  Buffer.from(`${lastActivity} ${id}`).toString('base64url');

/** @throws ServiceError invalid_request for what no list gave. */
export function placeOfCursor(cursor: unknown): ListPlace | null {
  if (cursor === undefined || cursor === '') return null;
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : '';
  const [lastActivity = '', id = '', ...rest] = text.split(' ');
  const isTime =
    TIME.test(lastActivity) &&
    !Number.isNaN(Date.parse(lastActivity)) &&
    beginsWithDay(lastActivity);
  if (isTime && UUID.test(id) && rest.length === 0) return { lastActivity, id };
  throw invalidQuery('cursor', 'takes the next_cursor of the page before');
}

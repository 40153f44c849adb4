import { createParamDecorator } from '@nestjs/common';

/** Who is calling. */
export interface Caller {
  /** The user's id; null where callers have no identity, and the unguessable conversation id is the capability. */
  readonly userId: string | null;
}

const ANYBODY: Caller = { userId: null };

/** The caller of a request. In `AUTH_MODE=none`, the only mode so far, that is anybody. */
export const CurrentCaller = createParamDecorator((): Caller => ANYBODY);

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Who is calling. */
export interface Caller {
  /** The user's id; null where callers have no identity, and the unguessable conversation id is the capability. */
  readonly userId: string | null;
}

export const ANYBODY: Caller = { userId: null };

const callers = new WeakMap<FastifyRequest, Caller>();

export function rememberCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Whom the guard has let in. A route that is not for users has no caller, and must not take anybody for one. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (!caller) throw new Error('this route is not for users');
  return caller;
}

/** The caller of a request. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

import { timingSafeEqual, createHash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Environment } from '../config/environment.js';
import { ServiceError } from '../conversation/errors.js';

/** Lets administrators in: whoever bears ADMIN_TOKEN. Where none is configured, nobody is. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly environment: Environment) {}

  canActivate(context: ExecutionContext): boolean {
    const { adminToken } = this.environment;
    if (adminToken === undefined) {
      throw new ServiceError('forbidden', 'Set ADMIN_TOKEN to use the admin routes.');
    }
    const { authorization } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (authorization === undefined) {
      throw new ServiceError(
        'unauthenticated',
        'Send the header Authorization: Bearer <ADMIN_TOKEN>.',
      );
    }
    const token = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? '';
    if (!isSame(token, adminToken)) {
      throw new ServiceError('unauthenticated', 'The token is not the ADMIN_TOKEN.');
    }
    return true;
  }
}

/** Compares digests: they have one length, so the time tells nothing about the token. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

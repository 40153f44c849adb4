import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Environment } from '../config/environment.js';
import { ServiceError } from '../conversation/errors.js';
import { ACCESS, type Access } from './access.js';
import { isAdminToken } from './admin-token.js';
import { bearerToken } from './bearer-token.js';
import { ANYBODY, rememberCaller } from './caller.js';
import { FailedLogins } from './failed-logins.js';
import type { Identity } from './identity.js';
import { TokenVerifier } from './token.verifier.js';

/**
 * The one door of every route: who is calling, and may they. A route that says nothing of itself is for users.
 * Whose a conversation is, the stores decide, in the very step that reads or writes it.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly environment: Environment,
    private readonly verifier: TokenVerifier,
    private readonly failedLogins: FailedLogins,
  ) {}

  /** @throws ServiceError unauthenticated, forbidden, rate_limited, identity_unavailable. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const marked = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, marked) ?? 'user';
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { jwt, adminToken } = this.environment;
    if (access === 'public' || (access === 'metrics' && adminToken === undefined)) return true;
    if (access === 'user') {
      const { userId } = jwt ? await this.identityOf(request, reply) : ANYBODY;
      rememberCaller(request, { userId });
      return true;
    }
    if (!jwt && adminToken === undefined) throw forbidden('Set ADMIN_TOKEN to use this route.');
    if (await this.bearsAdminToken(request)) return true;
    const { isAdmin } = await this.identityOf(request, reply);
    if (!isAdmin) throw forbidden('This route is for administrators.');
    return true;
  }

  private async bearsAdminToken(request: FastifyRequest): Promise<boolean> {
    const { adminToken } = this.environment;
    const token = bearerToken(request);
    // Before it is compared: whether it was right must not show in what happens afterwards.
    if (adminToken === undefined || !token || (await this.failedLogins.isBlocked(request)))
      return false;
    return isAdminToken(token, adminToken);
  }

  private async identityOf(request: FastifyRequest, reply: FastifyReply): Promise<Identity> {
    const token = bearerToken(request);
    if (token === undefined) {
      void reply.header('WWW-Authenticate', 'Bearer');
      throw unauthenticated('Send the header Authorization: Bearer <token>.');
    }
    const identity = token === null ? 'bad' : await this.verifier.identify(token);
    if (typeof identity !== 'string') return identity;
    if (identity === 'bad') await this.failedLogins.note(request, reply);
    void reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
    throw unauthenticated('The token is not valid here, or not any more; get a new one.');
  }
}

const forbidden = (message: string): ServiceError => new ServiceError('forbidden', message);
const unauthenticated = (message: string): ServiceError =>
  new ServiceError('unauthenticated', message);

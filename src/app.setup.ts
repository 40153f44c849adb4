import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import type { Environment } from './config/environment.js';
import { showDocs } from './http/api-docs.js';
import { answerBrokenRequests } from './http/broken-requests.js';
import { refuseWhenClosing } from './http/closing.js';
import { allowOrigins } from './http/cors.js';
import { takeJsonBodies } from './http/json-body.js';
import { ProblemFilter } from './http/problem.filter.js';
import { logRequests, markReplies, markReply, requestId } from './http/request-log.js';
import { secureReplies } from './http/security-headers.js';
import { limitedServer, SERVER_LIMITS } from './http/server-limits.js';
import { trustProxies } from './http/trust-proxies.js';
import { validationPipe } from './http/validation.js';
import { countReplies } from './metrics/count-replies.js';
import { Metrics } from './metrics/metrics.js';
import { PinoLogger } from './logging/pino.logger.js';

const MAX_BODY_BYTES = 256 * 1024;

/** The application as main.ts and the end-to-end tests run it, not yet listening. */
export async function createApp(
  environment: Environment,
  limits = SERVER_LIMITS,
): Promise<NestFastifyApplication> {
  const logger = new PinoLogger(environment.logLevel);
  const problems = new ProblemFilter();
  const adapter = new FastifyAdapter({
    ...limitedServer(limits),
    bodyLimit: MAX_BODY_BYTES,
    ...trustProxies(environment.trustedProxies),
    genReqId: requestId,
    return503OnClosing: false,
    // An address that cannot be decoded never reaches the router, nor its hooks and filters.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      adapter['securityHook']?.(request, reply.raw);
      markReply(request, reply);
      problems.send(error, reply);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(environment),
    adapter,
    { logger, abortOnError: false, bodyParser: false },
  );
  const fastify = adapter.getInstance();
  markReplies(adapter);
  logRequests(fastify, logger.pino);
  countReplies(fastify, app.get(Metrics));
  takeJsonBodies(fastify);
  refuseWhenClosing(fastify);
  answerBrokenRequests(app.getHttpServer());
  secureReplies(app);
  allowOrigins(app, environment.corsOrigins);
  app.useGlobalPipes(validationPipe);
  app.useGlobalFilters(problems);
  if (environment.docs) showDocs(app);
  return app;
}

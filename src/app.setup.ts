import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import type { Environment } from './config/environment.js';
import { ProblemFilter } from './http/problem.filter.js';
import { trustProxies } from './http/trust-proxies.js';
import { logRequests, requestId } from './http/request-log.js';
import { validationPipe } from './http/validation.js';
import { PinoLogger } from './logging/pino.logger.js';

const MAX_BODY_BYTES = 256 * 1024;

/** The application as main.ts and the end-to-end tests run it, not yet listening. */
export async function createApp(environment: Environment): Promise<NestFastifyApplication> {
  const logger = new PinoLogger(environment.logLevel);
  const problems = new ProblemFilter();
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    ...trustProxies(environment.trustedProxies),
    genReqId: requestId,
    // An address that cannot be decoded never reaches the router, nor its hooks and filters.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      void reply.header('x-request-id', request.id);
      problems.send(error, reply);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(environment),
    adapter,
    { logger, abortOnError: false },
  );
  logRequests(app.getHttpAdapter().getInstance(), logger.pino);
  app.useGlobalPipes(validationPipe);
  app.useGlobalFilters(problems);
  describe(app);
  return app;
}

function describe(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('OpenTA Conversations')
    .setDescription('Keeps the conversation history of AI chat agents.')
    .setVersion('0.1.0')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: 'docs-json',
  });
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll } from 'vitest';
import { createApp } from '../../src/app.setup.js';
import { Environment } from '../../src/config/environment.js';
import type { ServerLimits } from '../../src/http/server-limits.js';
import { type HttpClient, httpClient } from './http-client.js';

export interface Service extends HttpClient {
  readonly app: NestFastifyApplication;
  stop(): Promise<void>;
}

const QUIET = { LOG_LEVEL: 'silent', PORT: '0', CHAT_RATE_LIMIT: '0' };

/** The service as main.ts runs it, over real HTTP; stopped when the test file has ended. */
export async function startService(
  variables: Record<string, string>,
  limits?: ServerLimits,
): Promise<Service> {
  const app = await createApp(new Environment({ ...QUIET, ...variables }), limits);
  const ownMs = new Map<string, number>();
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onResponse', async (request, reply) => {
    ownMs.set(request.id, reply.elapsedTime);
  });
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= app.close());
  afterAll(stop);
  return { ...httpClient(url, (id) => ownMs.get(id) ?? null), app, stop };
}

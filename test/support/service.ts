import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll } from 'vitest';
import { createApp } from '../../src/app.setup.js';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import { Environment } from '../../src/config/environment.js';

export interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Service {
  readonly app: NestFastifyApplication;
  readonly url: string;
  request<Body = never>(
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<Reply<Body>>;
  /** POST /chat/basic. */
  chat<Body = ChatReply>(body: unknown, headers?: Record<string, string>): Promise<Reply<Body>>;
  stop(): Promise<void>;
}

export interface RequestOptions {
  /** Sent as JSON; a string goes as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const QUIET = { LOG_LEVEL: 'silent', PORT: '0', CHAT_RATE_LIMIT: '0' };

/** The service as main.ts runs it, over real HTTP; stopped when the test file has ended. */
export async function startService(variables: Record<string, string>): Promise<Service> {
  const app = await createApp(new Environment({ ...QUIET, ...variables }));
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= app.close());
  afterAll(stop);

  async function request<Body>(
    method: string,
    path: string,
    { body, headers }: RequestOptions = {},
  ): Promise<Reply<Body>> {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }

  return {
    app,
    url,
    request,
    chat: (body, headers) => request('POST', '/chat/basic', { body, ...(headers && { headers }) }),
    stop,
  };
}

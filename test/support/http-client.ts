import type { ChatReply } from '../../src/chat/chat-reply.dto.js';

export interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface RequestOptions {
  /** Sent as JSON; a string goes as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A running service, as its callers reach it. */
export interface HttpClient {
  readonly url: string;
  request<Body = never>(
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<Reply<Body>>;
  /** POST /chat/basic. */
  chat<Body = ChatReply>(body: unknown, headers?: Record<string, string>): Promise<Reply<Body>>;
}

export function httpClient(url: string): HttpClient {
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
    const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }

  return {
    url,
    request,
    chat: (body, headers) => request('POST', '/chat/basic', { body, ...(headers && { headers }) }),
  };
}

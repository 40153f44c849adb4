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
  /** How long the service itself was at this request, by its own clock; null: it has not said so yet. */
  ownMsOf(requestId: string): number | null;
  /** POST /chat/basic. */
  chat<Body = ChatReply>(body: unknown, headers?: Record<string, string>): Promise<Reply<Body>>;
}

export function httpClient(url: string, ownMsOf: HttpClient['ownMsOf'] = () => null): HttpClient {
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
    const type = response.headers.get('content-type') ?? '';
    // Not NDJSON.
    const isJson = text !== '' && /[/+]json\b/.test(type);
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }

  return {
    url,
    request,
    ownMsOf,
    chat: (body, headers) => request('POST', '/chat/basic', { body, ...(headers && { headers }) }),
  };
}

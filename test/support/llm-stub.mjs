import { createServer } from 'node:http';

/**
 * What the next replies do, in order; once they are used up the stub answers normally again.
 * @typedef {{ kind: 'status', status: number, retryAfter?: string }
 *   | { kind: 'text', text: string, finishReason?: string, usage?: boolean }
 *   | { kind: 'raw', body: string, contentType?: string }
 *   | { kind: 'delay', ms: number }
 *   | { kind: 'hang' } | { kind: 'hang-in-body' } | { kind: 'drop' } | { kind: 'drop-in-body' }
 * } Behaviour
 *
 * @typedef {{ role: string, content: string }} Message
 * @typedef {{ model: string, messages: Message[], stream?: boolean,
 *   stream_options?: { include_usage?: boolean } }} ChatRequest
 */

/** A local server that speaks the chat part of the OpenAI API and says what history it was given. */
export class LlmStub {
  /** Bodies of the chat requests received, oldest first. @type {ChatRequest[]} */
  requests = [];
  /** Authorization headers of the same requests. @type {(string | undefined)[]} */
  authorizations = [];
  /** Chat requests whose client went away before it had the whole reply. */
  aborted = 0;
  /** What a reply does when nothing is queued; null: a normal answer. @type {Behaviour | null} */
  always = null;

  /** @type {Behaviour[]} */
  #queue = [];
  #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy());
  });

  /** Starts on 127.0.0.1; port 0 takes a free one. */
  async start(port = 0) {
    await new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => resolve(undefined));
    });
    return this;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** What OPENAI_BASE_URL takes. */
  get baseUrl() {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the stub is not running');
    return `http://127.0.0.1:${address.port}/v1`;
  }

  /** Queues behaviours, one for each coming request. @param {Behaviour[]} behaviours */
  next(...behaviours) {
    this.#queue.push(...behaviours);
  }

  /** Forgets what was received and queued. */
  reset() {
    this.requests = [];
    this.authorizations = [];
    this.aborted = 0;
    this.always = null;
    this.#queue = [];
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #handle(request, response) {
    if (request.method === 'GET' && request.url === '/v1/models') {
      sendJson(response, 200, { object: 'list', data: [{ id: 'fake-llm', object: 'model' }] });
    } else if (request.method === 'POST' && request.url === '/v1/chat/completions') {
      const body = await readJson(request);
      this.requests.push(body);
      this.authorizations.push(request.headers.authorization);
      response.on('close', () => {
        if (!response.writableFinished) this.aborted++;
      });
      await behave(this.#queue.shift() ?? this.always, body, response);
    } else {
      sendJson(response, 404, { error: { message: 'no such route' } });
    }
  }
}

/**
 * @param {Behaviour | null} behaviour
 * @param {ChatRequest} body
 * @param {import('node:http').ServerResponse} response
 */
async function behave(behaviour, body, response) {
  switch (behaviour?.kind) {
    case 'status':
      if (behaviour.retryAfter) response.setHeader('retry-after', behaviour.retryAfter);
      return sendJson(response, behaviour.status, { error: { message: 'as the test asked' } });
    case 'text':
      return sendAnswer(response, body, behaviour.text, behaviour);
    case 'raw':
      response.writeHead(200, { 'content-type': behaviour.contentType ?? 'application/json' });
      return void response.end(behaviour.body);
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, behaviour.ms));
      return sendAnswer(response, body, defaultAnswer(body.messages));
    case 'hang':
      return undefined;
    case 'hang-in-body':
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.write('{"choices":[');
    case 'drop':
      return void response.destroy();
    case 'drop-in-body':
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.write('{"choices":[', () => response.destroy());
    default:
      return sendAnswer(response, body, defaultAnswer(body.messages));
  }
}

/** Says which history came, so that a person or a test can see it. @param {Message[]} messages */
function defaultAnswer(messages) {
  const questions = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const earlier = questions.length - 1;
  const before = earlier > 0 ? ` The question before was: ${questions.at(-2)}` : '';
  const turns = earlier === 1 ? '1 earlier turn' : `${earlier} earlier turns`;
  return `You asked: ${questions.at(-1)} [1] I see ${turns}.${before}`;
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {ChatRequest} body
 * @param {string} text
 * @param {{ finishReason?: string, usage?: boolean }} [options]
 */
function sendAnswer(response, body, text, { finishReason = 'stop', usage = true } = {}) {
  const head = { id: 'chatcmpl-1', created: 0, model: body.model };
  const promptWords = body.messages.flatMap(({ content }) => content.split(/\s+/u)).length;
  const completionWords = text.split(/\s+/u).length;
  const counted = {
    prompt_tokens: promptWords,
    completion_tokens: completionWords,
    total_tokens: promptWords + completionWords,
  };
  if (!body.stream) {
    const message = { role: 'assistant', content: text };
    sendJson(response, 200, {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finishReason }],
      ...(usage && { usage: counted }),
    });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  /** @param {object} chunk */
  const send = (chunk) => {
    const line = JSON.stringify({ ...head, object: 'chat.completion.chunk', ...chunk });
    response.write(`data: ${line}\n\n`);
  };
  for (const piece of text.match(/\s*\S+\s*$|\s*\S+|\s+/gu) ?? []) {
    send({ choices: [{ index: 0, delta: { content: piece }, finish_reason: null }] });
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: finishReason }] });
  if (usage && body.stream_options?.include_usage) send({ choices: [], usage: counted });
  response.end('data: [DONE]\n\n');
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {object} body
 */
function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** @param {import('node:http').IncomingMessage} request @returns {Promise<ChatRequest>} */
async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

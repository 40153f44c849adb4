import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * What the next replies do, in order; once they are used up the stub answers normally again.
 * `stream` says its chunks whatever the request asked for, numbers among them being pauses in milliseconds, and
 * then ends as it is told: like a good server, without its last event, without any end, by a cut or by silence.
 * @typedef {{ kind: 'status', status: number, retryAfter?: string, message?: string }
 *   | { kind: 'text', text: string, finishReason?: string, usage?: boolean, whole?: boolean }
 *   | { kind: 'stream', chunks: Chunks, end?: StreamEnd, usage?: boolean, finishReason?: string }
 *   | { kind: 'raw', body: string, contentType?: string }
 *   | { kind: 'delay', ms: number }
 *   | { kind: 'hang' } | { kind: 'hang-in-body' } | { kind: 'drop' } | { kind: 'drop-in-body' }
 * } Behaviour
 * @typedef {Iterable<string | number> | AsyncIterable<string | number>} Chunks
 * @typedef {'done' | 'no-done' | 'end' | 'cut' | 'silence' | 'open'} StreamEnd
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
  /** Requests for the list of models. */
  probes = 0;
  /** Connections taken. */
  connections = 0;
  /** Refuses requests with this field, as servers do that do not know it. @type {keyof ChatRequest | null} */
  refuses = null;
  /** When the first words of the last stream were sent, on `performance.now()`. */
  firstWordMs = 0;
  /** What the list of models answers. */
  modelsStatus = 200;
  /** What a reply does when nothing is queued; null: a normal answer. @type {Behaviour | null} */
  always = null;

  /** @type {Behaviour[]} */
  #queue = [];
  #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy());
  });

  constructor() {
    this.#server.on('connection', () => this.connections++);
  }

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

  /** Forgets what is queued. */
  forgetNext() {
    this.#queue = [];
  }

  /** Forgets what was received and queued. */
  reset() {
    this.requests = [];
    this.authorizations = [];
    this.aborted = 0;
    this.probes = 0;
    this.connections = 0;
    this.refuses = null;
    this.modelsStatus = 200;
    this.always = null;
    this.forgetNext();
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #handle(request, response) {
    if (request.method === 'GET' && request.url === '/v1/models') {
      this.probes++;
      sendJson(response, this.modelsStatus, {
        object: 'list',
        data: [{ id: 'fake-llm', object: 'model' }],
      });
    } else if (request.method === 'POST' && request.url === '/v1/chat/completions') {
      const body = await readJson(request);
      this.requests.push(body);
      this.authorizations.push(request.headers.authorization);
      response.on('close', () => {
        if (!response.writableFinished) this.aborted++;
      });
      if (this.refuses !== null && body[this.refuses] !== undefined) {
        return sendJson(response, 400, { error: { message: `unknown field: ${this.refuses}` } });
      }
      const behaviour = this.#queue.shift() ?? this.always;
      if (behaviour?.kind === 'stream') {
        await sendStream(response, body, behaviour, () => (this.firstWordMs = performance.now()));
      } else await behave(behaviour, body, response);
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
      return sendJson(response, behaviour.status, {
        error: { message: behaviour.message ?? 'as the test asked' },
      });
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
 * @param {{ finishReason?: string, usage?: boolean, whole?: boolean }} [options]
 */
async function sendAnswer(response, body, text, { whole, ...options } = {}) {
  const { finishReason = 'stop', usage = true } = options;
  if (body.stream && !whole) {
    return sendStream(response, body, { chunks: wordsOf(text), ...options });
  }
  const message = { role: 'assistant', content: text };
  return sendJson(response, 200, {
    ...headOf(body),
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: finishReason }],
    ...(usage && { usage: countTokens(body, text) }),
  });
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {ChatRequest} body
 * @param {{ chunks: Chunks, end?: StreamEnd, usage?: boolean, finishReason?: string }} options
 * @param {() => void} [onFirstWord]
 */
async function sendStream(response, body, options, onFirstWord = () => undefined) {
  const { chunks, end = 'done', usage = true, finishReason = 'stop' } = options;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  const closed = new Promise((resolve) => response.once('close', resolve));
  /** @param {object} chunk */
  const send = async (chunk) => {
    const event = { ...headOf(body), object: 'chat.completion.chunk', ...chunk };
    if (response.write(`data: ${JSON.stringify(event)}\n\n`) || response.destroyed) return;
    await Promise.race([once(response, 'drain'), closed]);
  };
  await send({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });
  let said = '';
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    if (typeof chunk === 'number') {
      await new Promise((resolve) => setTimeout(resolve, chunk));
      continue;
    }
    if (said === '') onFirstWord();
    said += chunk;
    await send({ choices: [{ index: 0, delta: { content: chunk }, finish_reason: null }] });
  }
  if (end === 'cut') return void response.write(': cut\n', () => response.destroy());
  if (end === 'silence') return;
  if (end === 'end') return void response.end();
  await send({ choices: [{ index: 0, delta: {}, finish_reason: finishReason }] });
  if (usage && body.stream_options?.include_usage) {
    await send({ choices: [], usage: countTokens(body, said) });
  }
  if (end !== 'open') response.end(end === 'done' ? 'data: [DONE]\n\n' : undefined);
}

/** Word by word, nothing left out; one by one, as a text may be long. @param {string} text */
function* wordsOf(text) {
  for (const [word] of text.matchAll(/\s*\S+|\s+/gu)) yield word;
}

/** @param {ChatRequest} body */
const headOf = ({ model }) => ({ id: 'chatcmpl-1', created: 0, model });

/** @param {ChatRequest} body @param {string} text */
function countTokens(body, text) {
  const prompt = body.messages.flatMap(({ content }) => content.split(/\s+/u)).length;
  const completion = text.split(/\s+/u).length;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  };
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

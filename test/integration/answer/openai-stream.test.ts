import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerPart } from '../../../src/answer/answer-engine.js';
import { AnswerSoFar } from '../../../src/answer/answer-so-far.js';
import { Environment } from '../../../src/config/environment.js';
import { LlmStub } from '../../support/llm-stub.mjs';
import { openAiEngine } from '../../support/openai-engine.js';
import { assertKeepsPromise, readStream, type Streamed, textsOf } from '../../support/streamed.js';

const stub = new LlmStub();
beforeAll(() => stub.start());
afterEach(() => stub.reset());
afterAll(() => stub.stop());

const QUERY = 'What is deep learning?';
const NOBODY = new AbortController().signal;

const engineWith = (settings: Record<string, string> = {}) =>
  openAiEngine(
    new Environment({
      ANSWER_ENGINE: 'openai',
      OPENAI_BASE_URL: stub.baseUrl,
      OPENAI_MODEL: 'fake-llm',
      ...settings,
    }),
  );

interface Listening {
  readonly engine?: ReturnType<typeof engineWith>;
  readonly signal?: AbortSignal;
  readonly seen?: (part: AnswerPart) => void;
}

async function listen({
  engine = engineWith(),
  signal = NOBODY,
  seen,
}: Listening = {}): Promise<Streamed> {
  const streamed = await readStream(engine, { query: QUERY, history: [], signal }, seen);
  assertKeepsPromise(streamed);
  return streamed;
}

/** A failing answer: its error, and what was said before it. */
async function listenInVain(
  options: Listening = {},
): Promise<{ error: unknown; said: AnswerSoFar }> {
  const said = new AnswerSoFar();
  const seen = (part: AnswerPart): void => {
    said.add(part);
    options.seen?.(part);
  };
  const error = await listen({ ...options, seen }).then(
    () => expect.unreachable('the answer was whole'),
    (reason: unknown) => reason,
  );
  return { error, said };
}

describe('an answer that streams', () => {
  it('comes word by word, with its tokens as the server counts them', async () => {
    stub.next({ kind: 'stream', chunks: ['Deep ', 'learning', ' learns.'] });
    const { parts, answer } = await listen();
    expect(textsOf(parts)).toEqual(['Deep', ' learning', ' learns.']);
    expect(answer).toMatchObject({
      text: 'Deep learning learns.',
      status: 'complete',
      usage: { completionTokens: 3 },
      model: 'fake-llm',
    });
    expect(stub.requests[0]).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('is told as soon as it is there', async () => {
    const delaysMs: number[] = [];
    for (let round = 0; round < 9; round++) {
      stub.next({ kind: 'stream', chunks: ['At once', 50, ' and later.'] });
      let heardMs: number | undefined;
      await listen({
        seen: ({ type }) => {
          if (type === 'text') heardMs ??= performance.now();
        },
      });
      delaysMs.push(heardMs! - stub.firstWordMs);
    }
    const median = delaysMs.toSorted((one, other) => one - other)[4]!;
    console.log(`from the server's first word to ours: ${median.toFixed(1)} ms (median of 9)`);
    // For what waits, not for what is slow on a busy machine.
    expect(median).toBeLessThan(500);
  });

  it('names each source before its mark, also when the mark comes in pieces', async () => {
    stub.next({ kind: 'stream', chunks: ['It learns [', '3', '], and [1, 3', '] again [9].'] });
    const { parts, answer } = await listen();
    expect(answer.text).toBe('It learns [1], and [2][1] again.');
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'text',
      'citation',
      'text',
      'citation',
      'text',
    ]);
  });

  it('keeps a character that comes in two chunks, and loses NUL', async () => {
    stub.next({ kind: 'stream', chunks: ['a\ud83d', '\ude00\0b', '\ud83d'] });
    expect((await listen()).answer.text).toBe('a😀b\ufffd');
  });

  it('is cut at a character, and then nothing more is asked of the server', async () => {
    stub.next({ kind: 'stream', chunks: ['€€', '€€', '€€'], end: 'silence' });
    const { answer } = await listen({ engine: engineWith({ ANSWER_MAX_BYTES: '10' }) });
    expect(answer).toMatchObject({ text: '€€€', status: 'partial' });
    expect(answer.usage.completionTokens).toBeGreaterThan(0);
    await expect.poll(() => stub.aborted).toBe(1);
  });

  it('is partial when the server says that it had to stop', async () => {
    stub.next({ kind: 'stream', chunks: ['It is'], finishReason: 'length' });
    expect((await listen()).answer.status).toBe('partial');
  });

  it.each(['no-done', 'open'] as const)('is whole when its end is like this: %s', async (end) => {
    stub.next({ kind: 'stream', chunks: ['It is.'], end });
    const { answer } = await listen();
    expect(answer).toMatchObject({ text: 'It is.', status: 'complete' });
    expect(answer.usage.completionTokens, 'what came after the end is taken').toBe(2);
  });

  it('uses a connection again whose answer was read to its end', async () => {
    const engine = engineWith();
    for (let round = 0; round < 9; round++) await listen({ engine });
    // The next answer may begin before the end of the last is read.
    expect(stub.connections).toBeLessThanOrEqual(3);
  });
});

describe('a server of another kind', () => {
  it('answers whole although it was asked for a stream', async () => {
    stub.next({ kind: 'text', text: 'Whole [1].', whole: true });
    const { parts, answer } = await listen();
    expect(answer).toMatchObject({ text: 'Whole [1].', citations: [{ id: 'lecun-2015' }] });
    expect(parts).toHaveLength(3);
  });

  it('counts no tokens: they are estimated', async () => {
    stub.next({ kind: 'stream', chunks: ['Twelve chars'], usage: false });
    const { usage } = (await listen()).answer;
    expect(usage.completionTokens).toBe(3);
    expect(usage.promptTokens).toBeGreaterThan(100);
  });

  it('refuses to count tokens: it is asked once without, and never with it again', async () => {
    stub.refuses = 'stream_options';
    const engine = engineWith();
    await listen({ engine });
    await listen({ engine });
    expect(stub.requests.map(({ stream_options: option }) => option !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('refuses a request for another reason: that is not asked again once it is known to count', async () => {
    const engine = engineWith();
    await listen({ engine });
    stub.next({ kind: 'status', status: 400 });
    expect((await listenInVain({ engine })).error).toMatchObject({ code: 'answer_engine_failed' });
    expect(stub.requests).toHaveLength(2);
  });

  it('tells of an error in its stream', async () => {
    const body = 'data: {"error":{"message":"out of memory"}}\n\n';
    stub.next({ kind: 'raw', body, contentType: 'text/event-stream' });
    expect((await listenInVain()).error).toMatchObject({ code: 'answer_engine_failed' });
  });

  it('sends comments to show that it is alive, and carriage returns', async () => {
    const event = JSON.stringify({
      choices: [{ delta: { content: 'Yes.' }, finish_reason: 'stop' }],
    });
    const body = `: processing\r\n\r\ndata: ${event}\r\n\r\n: still\r\ndata: [DONE]\r\n\r\n`;
    stub.next({ kind: 'raw', body, contentType: 'text/event-stream; charset=utf-8' });
    expect((await listen()).answer.text).toBe('Yes.');
  });
});

describe('an answer that breaks off', () => {
  it.each(['cut', 'end'] as const)('is a 502, and what was said stays said: %s', async (end) => {
    stub.next({ kind: 'stream', chunks: ['It is [1]', ' so'], end });
    const { error, said } = await listenInVain();
    expect(error).toMatchObject({ name: 'ServiceError', code: 'answer_engine_failed' });
    expect(said.as('partial')).toMatchObject({
      text: 'It is [1] so',
      citations: [{ id: 'lecun-2015' }],
      model: 'fake-llm',
      usage: { completionTokens: 3 },
    });
    expect(stub.requests, 'nothing is asked again').toHaveLength(1);
  });

  it('is a 504 after silence, long before the deadline', async () => {
    stub.next({ kind: 'stream', chunks: ['It is'], end: 'silence' });
    const startMs = performance.now();
    const { error, said } = await listenInVain({
      engine: engineWith({ ANSWER_IDLE_TIMEOUT_MS: '200' }),
    });
    expect(error).toMatchObject({ code: 'answer_engine_timeout' });
    expect(said.text).toBe('It is');
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await expect.poll(() => stub.aborted).toBe(1);
  });

  it('is a 504 at the deadline, however lively the server is', async () => {
    stub.next({ kind: 'stream', chunks: Array.from({ length: 400 }, () => [50, 'so ']).flat() });
    const { error, said } = await listenInVain({
      engine: engineWith({ ANSWER_TIMEOUT_MS: '600' }),
    });
    expect(error).toMatchObject({ code: 'answer_engine_timeout' });
    expect(said.text).not.toBe('');
    await expect.poll(() => stub.aborted).toBe(1);
  });

  it('is none when the server only pauses, or the reader does', async () => {
    stub.next({ kind: 'stream', chunks: ['It', 100, ' is', 100, ' so.'] });
    const engine = engineWith({ ANSWER_IDLE_TIMEOUT_MS: '1500' });
    const stream = engine.stream({ query: QUERY, history: [], signal: NOBODY });
    await stream.next();
    // Far beyond the idle time: only the server's silence counts.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (;;) {
      const step = await stream.next();
      if (!step.done) continue;
      expect(step.value.text).toBe('It is so.');
      break;
    }
  });

  it('is asked again when nothing was said yet', async () => {
    stub.next(
      { kind: 'stream', chunks: [], end: 'cut' },
      { kind: 'stream', chunks: [], end: 'end' },
    );
    expect((await listen()).answer.text).toContain('You asked');
    expect(stub.requests).toHaveLength(3);
  });
});

describe('an answer that nobody wants any more', () => {
  const endless = { kind: 'stream', chunks: ['It is', 60_000], end: 'silence' } as const;

  it('reaches the server through the signal, also while a word is waited for', async () => {
    stub.next(endless);
    const nobody = new AbortController();
    const seen = ({ type }: AnswerPart): void => {
      if (type === 'text') setImmediate(() => nobody.abort());
    };
    const { error } = await listenInVain({ signal: nobody.signal, seen });
    expect(error).toMatchObject({ code: 'answer_engine_failed' });
    await expect.poll(() => stub.aborted).toBe(1);
  });

  it('reaches the server when its reader ends it', async () => {
    stub.next(endless);
    const stream = engineWith().stream({ query: QUERY, history: [], signal: NOBODY });
    for await (const part of stream) if (part.type === 'text') break;
    await expect.poll(() => stub.aborted).toBe(1);
  });
});

describe('a server that asks for a pause', () => {
  it('has it told to whoever asked, when it is longer than an answer may take', async () => {
    stub.always = { kind: 'status', status: 429, retryAfter: '120' };
    const { error } = await listenInVain();
    expect(error).toMatchObject({ code: 'answer_engine_failed', retryAfterSeconds: 120 });
    expect(stub.requests).toHaveLength(1);
  });

  it('is not waited for when the time that is left does not suffice', async () => {
    stub.always = { kind: 'status', status: 503, retryAfter: '4' };
    const startMs = performance.now();
    const { error } = await listenInVain({ engine: engineWith({ ANSWER_TIMEOUT_MS: '7000' }) });
    expect(error).toMatchObject({ code: 'answer_engine_timeout' });
    expect(performance.now() - startMs).toBeLessThan(6_900);
    expect(stub.requests).toHaveLength(2);
  });
});

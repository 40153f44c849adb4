import { expect, it } from 'vitest';
import type { AnswerEvent, Ending } from '../../src/chat/stream/answer-event.js';
import { eventStream, ReaderLost } from '../../src/chat/stream/event-stream.js';
import { Frames, readFrameId } from '../../src/chat/stream/frames.js';

const turn = { conversationId: 'c', turnId: '01a2053a-854e-763b-89f5-8f62b379728b' };
const citation = {
  id: 'vaswani-2017',
  title: 'Attention',
  url: 'https://x.org',
  snippet: 's',
  score: 1,
};
const finished: Ending = {
  how: 'finished',
  status: 'complete',
  usage: { promptTokens: 1, completionTokens: 2 },
  seq: 3,
  durability: 'accepted',
};
const events: AnswerEvent[] = [
  { type: 'start', model: 'm', promptTokens: 1 },
  { type: 'text', text: 'one\n\ntwo' },
  { type: 'citation', citation },
  { type: 'text', text: ' [1]' },
  { type: 'citation', citation: { ...citation, id: 'no-url', url: '' } },
  { type: 'text', text: ' [2]\u2028' },
  { type: 'answered', status: 'complete', usage: finished.usage, latencyMs: 4 },
  { type: 'ended', ending: finished },
];

function frames(some: readonly AnswerEvent[]): string[] {
  const writer = new Frames(turn);
  return [...writer.begin(), ...some.flatMap((event) => writer.of(event))];
}

const chunks = (some: readonly AnswerEvent[]): unknown[] =>
  frames(some).map((frame) => {
    const data = /^data: ([^\n]*)$/m.exec(frame)![1]!;
    return data === '[DONE]' ? data : JSON.parse(data);
  });

async function* comes(batches: readonly (readonly AnswerEvent[])[]) {
  yield* batches;
}

async function streamed(batches: readonly (readonly AnswerEvent[])[], seen: number) {
  const pieces: string[] = [];
  for await (const piece of eventStream(turn, comes(batches), seen)) pieces.push(piece);
  return pieces.join('');
}

it('says an answer as the UI message stream has it', () => {
  const providerMetadata = { openta: { snippet: 's', score: 1 } };
  expect(chunks(events)).toEqual([
    { type: 'start', messageId: turn.turnId, messageMetadata: { conversation_id: 'c' } },
    { type: 'data-sources', id: 'sources', data: [] },
    { type: 'text-start', id: 'answer' },
    { type: 'text-delta', id: 'answer', delta: 'one\n\ntwo' },
    {
      type: 'source-url',
      sourceId: 'vaswani-2017',
      url: 'https://x.org',
      title: 'Attention',
      providerMetadata,
    },
    { type: 'data-sources', id: 'sources', data: ['vaswani-2017'] },
    { type: 'text-delta', id: 'answer', delta: ' [1]' },
    {
      type: 'source-document',
      sourceId: 'no-url',
      mediaType: 'text/plain',
      title: 'Attention',
      providerMetadata,
    },
    { type: 'data-sources', id: 'sources', data: ['vaswani-2017', 'no-url'] },
    { type: 'text-delta', id: 'answer', delta: ' [2]\u2028' },
    { type: 'text-end', id: 'answer' },
    {
      type: 'finish',
      messageMetadata: {
        seq: 3,
        durability: 'accepted',
        status: 'complete',
        usage: { prompt_tokens: 1, completion_tokens: 2 },
        model: 'm',
      },
    },
    '[DONE]',
  ]);
});

it('ends what failed with an error and what was stopped with an abort, and says what is kept', () => {
  const kept = { seq: 3, durability: 'accepted' } as const;
  const failed: Ending = { how: 'failed', code: 'answer_engine_failed', message: 'why', kept };
  const ended = (ending: Ending) => chunks([{ type: 'ended', ending }]).slice(1);
  const where = { ...kept, status: 'partial' };
  expect(ended(failed)).toEqual([
    { type: 'message-metadata', messageMetadata: { ...where, error: 'answer_engine_failed' } },
    { type: 'error', errorText: 'why' },
    '[DONE]',
  ]);
  expect(ended({ ...failed, kept: null })[0]).toEqual({
    type: 'message-metadata',
    messageMetadata: { error: 'answer_engine_failed' },
  });
  expect(ended({ how: 'stopped', kept })).toEqual([
    { type: 'message-metadata', messageMetadata: where },
    { type: 'abort' },
    '[DONE]',
  ]);
  expect(ended({ how: 'stopped', kept: null })).toEqual([{ type: 'abort' }, '[DONE]']);
});

it('gives the same frames however the events come, after however many were seen', async () => {
  const all = frames(events);
  for (let seen = 0; seen <= all.length; seen++) {
    const rest = all.slice(seen).join('');
    expect(await streamed([events], seen)).toBe(rest);
    expect(
      await streamed(
        events.map((event) => [event]),
        seen,
      ),
    ).toBe(rest);
  }
});

it('tells a reader that is lost so without an id, as no frame of the answer', async () => {
  async function* broken() {
    yield events.slice(0, 2);
    throw new ReaderLost('lost');
  }
  const pieces: string[] = [];
  for await (const piece of eventStream(turn, broken(), 4)) pieces.push(piece);
  expect(pieces.join('')).toBe('data: {"type":"error","errorText":"lost"}\n\n');
});

it('reads its own frame ids and no others', () => {
  const writer = new Frames(turn);
  const id = /^id: (.*)$/m.exec(writer.begin()[0]!)![1];
  expect(readFrameId(id)).toEqual({ turnId: turn.turnId, number: 1 });
  for (const other of [undefined, '', '1', 'x/1', `${turn.turnId}/`, `${turn.turnId}/1x`]) {
    expect(readFrameId(other)).toBeNull();
  }
});

import type { CountingEngine } from './counting-engine.js';
import { type EventStream, metadataOf, openStream, type StreamRequest } from './event-streams.js';
import type { HttpClient } from './http-client.js';
import type { LlmStub } from './llm-stub.mjs';
import type { Queryable } from './settled.js';

type Told = Extract<NonNullable<LlmStub['always']>, { kind: 'stream' }>;

/** So many words, each with its number, that cite the first source. */
export const wordsOf = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, index) => `${index > 0 ? ' ' : ''}word${index}${index === 1 ? ' [1]' : ''}`,
  );

/** The same with a pause before each. */
export const slowly = (words: readonly string[], pauseMs: number): (string | number)[] =>
  words.flatMap((word) => [pauseMs, word]);

/** What the engine says next. */
export function tells(
  engine: CountingEngine,
  chunks: Told['chunks'],
  end: Told['end'] = 'done',
): void {
  engine.stub.next({ kind: 'stream', chunks, ...(end && { end }) });
}

export interface AskedStream {
  readonly stream: EventStream;
  readonly conversationId: string;
  readonly turnId: string;
}

/** Asks, and reads until the stream says which turn it tells. @throws Error when it is none. */
export async function ask(
  service: HttpClient,
  query: string,
  { conversationId, headers }: { conversationId?: string; headers?: Record<string, string> } = {},
): Promise<AskedStream> {
  const meta_params = { conversation_id: conversationId ?? null };
  const request: StreamRequest = { body: { query, meta_params }, ...(headers && { headers }) };
  const stream = await openStream(`${service.url}/chat/stream`, request);
  if (stream.status !== 200) throw new Error(`the stream got ${stream.status}`);
  const frames = await stream.read(1);
  return {
    stream,
    conversationId: metadataOf(frames, 'start')['conversation_id'] as string,
    turnId: frames[0]!.chunk!['messageId'] as string,
  };
}

/** Comes back to a running answer. */
export const resume = (
  service: HttpClient,
  conversationId: string,
  lastEventId?: string | null,
): Promise<EventStream> =>
  openStream(`${service.url}/chat/stream/${conversationId}`, {
    method: 'GET',
    ...(lastEventId && { headers: { 'last-event-id': lastEventId } }),
  });

export const stop = (service: HttpClient, conversationId: string) =>
  service.request('POST', '/chat/stop', { body: { conversation_id: conversationId } });

/** Has the stream said this word? */
export const says =
  (word: string) =>
  ({ data }: { data: string }): boolean =>
    data.includes(word);

export interface StoredAnswer {
  readonly id: string;
  readonly seq: number;
  readonly question: string;
  readonly answer: string;
  readonly status: string;
}

/** The turns of a conversation as Postgres has them, with how whole they are. */
export const storedAnswers = (database: Queryable, conversationId: string) =>
  database.query<StoredAnswer & Record<string, unknown>>(
    `select id, seq::integer as seq, question, answer, status
       from conversation_messages where conversation_id = $1 order by seq`,
    [conversationId],
  );

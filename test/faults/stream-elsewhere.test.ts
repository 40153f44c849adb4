import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { erase } from '../support/erased.js';
import { aKey } from '../support/encryption.js';
import { eventually } from '../support/eventually.js';
import { metadataOf, textOf, typesOf } from '../support/event-streams.js';
import { createProcessStage } from '../support/process-stage.js';
import { contentKeys } from '../support/redis-contents.js';
import {
  ask,
  resume,
  says,
  slowly,
  stop,
  storedAnswers,
  tells,
  wordsOf,
} from '../support/stream-stage.js';
import { expectVerified } from '../support/verified.js';

const QUESTION = 'What is attention?';

const stage = await createProcessStage();
const { redis, database, engine } = stage;
const one = await stage.start();
const other = await stage.start();

it('gives, cut after the third frame and resumed elsewhere, what an uncut reader gets, to the byte', async () => {
  tells(engine, slowly(wordsOf(40), 20));
  const { stream, conversationId } = await ask(one, QUESTION);
  const uncut = await resume(one, conversationId);
  const [first, second, third] = await stream.read(3);
  stream.cut();
  const again = await resume(other, conversationId, third!.id);
  const whole = [first!, second!, third!, ...(await again.rest())];
  expect(whole).toEqual(await uncut.rest());
  expect(textOf(whole)).toBe(wordsOf(40).join(''));
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { answer: textOf(whole), status: 'complete' },
  ]);
});

it('resumes after each of the frames, on either instance', async () => {
  tells(engine, slowly(wordsOf(30), 30));
  const { stream, conversationId } = await ask(one, QUESTION);
  const frames = await stream.read(12);
  const readers = await Promise.all(
    frames.flatMap(({ id }) => [one, other].map((each) => resume(each, conversationId, id))),
  );
  const rest = await stream.rest();
  for (const [index, reader] of readers.entries()) {
    expect(await reader.rest()).toEqual(rest.slice(Math.floor(index / 2) + 1));
  }
  await expectVerified(other, redis);
});

it.each([
  ['while the engine speaks', slowly(wordsOf(1000), 20)],
  ['while the engine is silent', wordsOf(10)],
])('stops an answer that another instance makes, %s', async (_, chunks) => {
  tells(engine, chunks, 'silence');
  const { stream, conversationId, turnId } = await ask(one, QUESTION);
  await stream.until(says('word7'));
  expect((await stop(other, conversationId)).status).toBe(204);
  expect(typesOf(await stream.rest()).slice(-2)).toEqual(['abort', '[DONE]']);
  expect(metadataOf(stream.frames, 'message-metadata')).toMatchObject({ seq: 1 });
  expect((await resume(other, conversationId)).status).toBe(204);
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'partial', answer: textOf(stream.frames) },
  ]);
});

it('keeps both of two answers that run at once, and resumes the newer one', async () => {
  const { stream: begun, conversationId } = await ask(one, QUESTION);
  await begun.rest();
  tells(engine, slowly(wordsOf(40), 30));
  const older = await ask(one, 'older?', { conversationId });
  tells(engine, slowly(wordsOf(40), 30));
  const newer = await ask(other, 'newer?', { conversationId });
  await newer.stream.until(says('word1'));
  const [frame] = await (await resume(one, conversationId)).read(1);
  expect(frame!.chunk).toMatchObject({ messageId: newer.turnId });
  const named = await resume(other, conversationId, older.stream.frames[0]!.id);
  const rest = await named.rest();
  expect(rest).toEqual((await older.stream.rest()).slice(1));
  await newer.stream.rest();
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toHaveLength(3);
});

it('neither waits for a reader that does not read, nor keeps anything for it', async () => {
  // Eight megabytes: the two sockets together hold less.
  const big = 'x'.repeat(65_536);
  const chunks = Array.from({ length: 128 }, (_, index) => `${index > 0 ? ' ' : ''}${big}${index}`);
  const own = await stage.start({ ANSWER_MAX_BYTES: '16777216' });
  tells(engine, slowly(chunks, 10));
  const cut = () => own.output().split('"cut":true').length - 1;
  const deaf = deafReader(own.url);
  const head = await deaf.head;
  const conversationId = /"conversation_id":"([0-9a-f-]{36})"/.exec(head)![1]!;
  const reader = await resume(own, conversationId);
  expect(textOf(await reader.rest()) === chunks.join('')).toBe(true);
  await expectVerified(other, redis);
  const [stored] = await storedAnswers(database, conversationId);
  expect(stored!.status).toBe('complete');
  expect(stored!.answer === chunks.join('')).toBe(true);
  // Its connection is given up when it has taken nothing for that long.
  await expect.poll(cut, { timeout: 90_000, interval: 500 }).toBe(1);
  expect((await deaf.rest()).includes('[DONE]')).toBe(false);
});

it('says to a reader why it cannot show what another instance seals with a key that is not here', async () => {
  const [old, lost] = [aKey('old'), aKey('lost')];
  const writer = await stage.start({ ENCRYPTION_KEYS: `${lost},${old}` });
  const reader = await stage.start({ ENCRYPTION_KEYS: old });
  tells(engine, slowly(wordsOf(40), 30));
  const { stream, conversationId } = await ask(writer, QUESTION);
  const [, , third] = await stream.read(3);
  for (const seen of [null, third!.id]) {
    const frames = await (await resume(reader, conversationId, seen)).rest();
    expect(typesOf(frames).slice(-2)).toEqual(['message-metadata', 'error']);
    expect(metadataOf(frames, 'message-metadata')).toEqual({ error: 'decryption_failed' });
    expect(frames.at(-1)!.id).toBeNull();
  }
  expect(textOf(await stream.rest())).toBe(wordsOf(40).join(''));
  await expectVerified(other, redis);
});

it('leaves nothing of an answer whose conversation is erased meanwhile', async () => {
  const { stream: begun, conversationId } = await ask(one, QUESTION);
  await begun.rest();
  tells(engine, slowly(wordsOf(60), 30));
  const { stream } = await ask(one, 'And then?', { conversationId });
  await stream.until(says('word5'));
  await erase(other, conversationId);
  // The engine has not come to its end yet, on that instance.
  for (const each of [one, other]) expect((await resume(each, conversationId)).status).toBe(404);
  const frames = await stream.rest();
  expect(typesOf(frames).slice(-2)).toEqual(['error', '[DONE]']);
  expect(metadataOf(frames, 'message-metadata')).toEqual({ error: 'conversation_not_found' });
  expect((await resume(other, conversationId)).status).toBe(404);
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toEqual([]);
  await eventually(async () => {
    const keys = (await contentKeys(redis)).filter((key) => key.includes(conversationId));
    expect(keys.filter((key) => !key.endsWith(':meta'))).toEqual([]);
  });
});

it('asks the engine no further once the conversation is erased, on whichever instance', async () => {
  // It would be asked for minutes.
  const patient = { ANSWER_TIMEOUT_MS: '600000', ANSWER_IDLE_TIMEOUT_MS: '600000' };
  const own = await stage.start(patient);
  for (const eraser of [own, other]) {
    const { stream: begun, conversationId } = await ask(own, QUESTION);
    await begun.rest();
    tells(engine, wordsOf(10), 'silence');
    const { stream } = await ask(own, 'And then?', { conversationId });
    await stream.until(says('word7'));
    const { aborted } = engine.stub;
    await erase(eraser, conversationId);
    const frames = await stream.rest();
    expect(metadataOf(frames, 'message-metadata')).toEqual({ error: 'conversation_not_found' });
    expect(typesOf(frames).slice(-2)).toEqual(['error', '[DONE]']);
    await eventually(() => expect(engine.stub.aborted).toBe(aborted + 1));
    expect(await storedAnswers(database, conversationId)).toEqual([]);
  }
});

it('forgets a journal soon after its answer has ended', async () => {
  const { stream, conversationId, turnId } = await ask(one, QUESTION);
  await stream.rest();
  const keys = (await contentKeys(redis)).filter((key) => key.includes(turnId));
  expect(keys).toHaveLength(2);
  for (const key of keys) expect(await redis.ttl(key)).toBeGreaterThan(0);
  for (const key of keys) expect(await redis.ttl(key)).toBeLessThanOrEqual(60);
  await erase(other, conversationId);
  expect((await contentKeys(redis)).filter((key) => key.includes(turnId))).toEqual([]);
});

/** Asks, reads the first packet, and then nothing until it is told to. */
function deafReader(url: string): { head: Promise<string>; rest: () => Promise<string> } {
  const { host, hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8').on('error', () => undefined);
  const body = JSON.stringify({ query: QUESTION });
  socket.write(
    `POST /chat/stream HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const head = once(socket, 'data').then(([data]) => {
    socket.pause();
    return data as string;
  });
  const rest = async () => {
    let text = '';
    socket.on('data', (data: string) => (text += data)).resume();
    await once(socket, 'close');
    return text;
  };
  return { head, rest };
}

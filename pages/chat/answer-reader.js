import { call, Problem } from '../shared/http.js';
import { serverEvents } from './event-stream.js';
import { applyFrame } from './turn.js';

/** @typedef {import('./turn.js').Turn} Turn */

const TRIES = 10;
const PAUSE_MS = 1000;

/**
 * @typedef {object} Reading
 * @property {AbortSignal} signal of who does not want to see more
 * @property {(conversationId: string | null) => void} onStart
 * @property {() => void} onChange
 */

/**
 * Reads a stream into its turn until the answer ends, and comes back to it where the line is cut.
 * @param {Turn} turn
 * @param {Response} response
 * @param {Reading} reading
 * @throws Problem when it cannot be read on; what `signal` aborts with
 */
export async function readAnswer(turn, response, reading) {
  /** @type {string | null} */
  let conversationId = null;
  const onStart = (/** @type {string | null} */ id) => reading.onStart((conversationId = id));
  let stream = response;
  for (let tries = 0; ; tries++) {
    const before = turn.lastEventId;
    await readOnce(turn, stream, { ...reading, onStart });
    if (turn.status !== 'running') return;
    if (turn.lastEventId !== before) tries = 0;
    if (conversationId === null || tries === TRIES) throw lineCut();
    const next = await comeBack(turn, conversationId, reading.signal);
    if (!next) throw lineCut();
    stream = next;
  }
}

/** One connection, as far as it goes. @param {Turn} turn @param {Response} response @param {Reading} reading */
async function readOnce(turn, response, { signal, onStart, onChange }) {
  if (!response.body) return;
  for await (const { id, data } of serverEvents(response.body)) {
    if (data === '[DONE]') return;
    const frame = JSON.parse(data);
    // An error that is no part of the answer says that this line cannot show more of it.
    if (frame.type === 'error' && id === null) return;
    turn.lastEventId = id;
    applyFrame(turn, frame);
    if (frame.type === 'start') onStart(frame.messageMetadata.conversation_id);
    onChange();
  }
  signal.throwIfAborted();
}

/**
 * Null: it is not running any more.
 * @param {Turn} turn
 * @param {string} conversationId
 * @param {AbortSignal} signal
 */
async function comeBack(turn, conversationId, signal) {
  const headers = turn.lastEventId === null ? {} : { 'last-event-id': turn.lastEventId };
  for (let tries = 0; ; tries++) {
    await pause(signal);
    try {
      const response = await call('GET', `/chat/stream/${conversationId}`, { headers, signal });
      return response.status === 204 ? null : response;
    } catch (error) {
      const mayPass = error instanceof Problem && (error.status === 0 || error.status === 503);
      if (!mayPass || tries === TRIES) throw error;
    }
  }
}

const lineCut = () =>
  new Problem({ status: 0, code: 'line_cut', message: 'The connection broke in mid-answer.' });

/** @param {AbortSignal} signal @returns {Promise<void>} */
const pause = (signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, PAUSE_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

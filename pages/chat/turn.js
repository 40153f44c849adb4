/**
 * A paper that an answer rests on; without an address where only its id is known.
 * @typedef {{ id: string, title: string, url: string | null }} Source
 *
 * A question with its answer, as the page shows it.
 * @typedef {object} Turn
 * @property {string | null} id
 * @property {string | null} question null: it cannot be read, or this page has not asked it
 * @property {string} answer
 * @property {Source[]} sources
 * @property {'running' | 'complete' | 'partial' | 'failed'} status
 * @property {number | null} seq
 * @property {string | null} durability
 * @property {string | null} model
 * @property {string | null} error
 * @property {string | null} lastEventId of the stream that tells it
 * @property {string | null} key names this very question, so that asking it again does not ask it twice
 */

/** @param {string | null} question @param {string | null} [key] @returns {Turn} */
export const runningTurn = (question, key = null) => ({
  id: null,
  key,
  question,
  answer: '',
  sources: [],
  status: 'running',
  seq: null,
  durability: null,
  model: null,
  error: null,
  lastEventId: null,
});

/**
 * @param {any} stored as GET /conversations/{id}/turns has it
 * @param {(id: string) => Source} sourceOf
 * @returns {Turn}
 */
export const storedTurn = (stored, sourceOf) => ({
  ...runningTurn(stored.question),
  id: stored.id,
  answer: stored.answer ?? '',
  sources: stored.sources.map(sourceOf),
  status: stored.status,
  seq: stored.seq,
  durability: stored.durability,
  model: stored.model,
  error: stored.unreadable ? 'This turn cannot be decrypted.' : null,
});

/**
 * Does to a turn what a frame of its stream says; the turn runs until one says that it does not.
 * @param {Turn} turn
 * @param {any} frame a part of the AI SDK's UI message stream
 */
export function applyFrame(turn, frame) {
  switch (frame.type) {
    case 'start':
      turn.id = frame.messageId ?? null;
      break;
    case 'source-url':
      turn.sources.push({ id: frame.sourceId, title: frame.title, url: safeUrl(frame.url) });
      break;
    case 'source-document':
      turn.sources.push({ id: frame.sourceId, title: frame.title, url: null });
      break;
    case 'text-delta':
      turn.answer += frame.delta;
      break;
    case 'message-metadata':
      keep(turn, frame.messageMetadata);
      break;
    case 'finish':
      keep(turn, frame.messageMetadata);
      turn.status = frame.messageMetadata.status;
      break;
    case 'abort':
      turn.status = 'partial';
      break;
    case 'error':
      turn.status = 'failed';
      turn.error = frame.errorText;
      break;
  }
}

/** @param {Turn} turn @param {any} metadata */
function keep(turn, { seq, durability, model }) {
  turn.seq = seq ?? turn.seq;
  turn.durability = durability ?? turn.durability;
  turn.model = model ?? turn.model;
}

/** Only what leads to a page; a link could do other things. @param {string} url */
const safeUrl = (url) => (/^https?:\/\//i.test(url) ? url : null);

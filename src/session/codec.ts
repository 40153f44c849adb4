import type { StoredTurn } from '../conversation/stored-turn.js';

const ID_LENGTH = 36;

type Fields = [
  question: string,
  answer: string,
  sources: StoredTurn['sources'],
  context: StoredTurn['context'],
  createdAt: number,
  model: string,
  usage: [prompt: number, completion: number],
  latencyMs: number,
  partial: 0 | 1,
  metadata: StoredTurn['metadata'],
  idempotency: StoredTurn['idempotency'],
  keyId: StoredTurn['keyId'],
  tokens: StoredTurn['tokens'],
  topics: StoredTurn['topics'],
];

/**
 * A turn as Redis keeps it: the id in front, which the scripts compare, and a JSON array that they never
 * look into. An array, since the names of the fields would cost a tenth of a short turn.
 */
export function encodeTurn(turn: StoredTurn): string {
  const fields: Fields = [
    turn.question,
    turn.answer,
    turn.sources,
    // JSON in JSON: who flushes it or chooses a history needs none of it, and a text is read in a fifth of the time.
    turn.context,
    turn.createdAt,
    turn.model,
    [turn.usage.promptTokens, turn.usage.completionTokens],
    turn.latencyMs,
    turn.status === 'partial' ? 1 : 0,
    turn.metadata,
    turn.idempotency,
    turn.keyId,
    turn.tokens,
    turn.topics,
  ];
  return turn.id + JSON.stringify(fields);
}

export function decodeTurn(encoded: string): StoredTurn {
  const fields = JSON.parse(encoded.slice(ID_LENGTH)) as Fields;
  const [question, answer, sources, context, createdAt, model, usage, latencyMs, ...rest] = fields;
  const [partial, metadata, idempotency, keyId, tokens, topics] = rest;
  return {
    id: encoded.slice(0, ID_LENGTH),
    question,
    answer,
    sources,
    context: asJson(context),
    createdAt,
    model,
    usage: { promptTokens: usage[0], completionTokens: usage[1] },
    latencyMs,
    status: partial ? 'partial' : 'complete',
    metadata: metadata === null ? null : asJson(metadata),
    idempotency,
    keyId: keyId ?? null,
    // And one from before turns were counted, without this.
    tokens: tokens ?? null,
    topics: topics ?? null,
  };
}

/** A session from before there was encryption holds the value itself, and no id of a key. */
const asJson = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

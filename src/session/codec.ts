import type { StoredTurn } from '../conversation/stored-turn.js';

const ID_LENGTH = 36;

type Fields = [
  question: string,
  answer: string,
  sources: StoredTurn['sources'],
  context: unknown,
  createdAt: number,
  model: string,
  tokens: [prompt: number, completion: number],
  latencyMs: number,
  partial: 0 | 1,
  metadata: unknown,
  idempotency: StoredTurn['idempotency'],
  keyId: StoredTurn['keyId'],
];

/**
 * A turn as Redis keeps it: the id in front, which the scripts compare, and a JSON array that they never
 * look into. An array, since the names of the fields would cost a tenth of a short turn.
 */
export function encodeTurn(turn: StoredTurn): string {
  const json = [
    JSON.stringify(turn.question),
    JSON.stringify(turn.answer),
    JSON.stringify(turn.sources),
    // These two are JSON already.
    turn.context,
    JSON.stringify(turn.createdAt),
    JSON.stringify(turn.model),
    JSON.stringify([turn.usage.promptTokens, turn.usage.completionTokens]),
    JSON.stringify(turn.latencyMs),
    turn.status === 'partial' ? 1 : 0,
    turn.metadata ?? 'null',
    JSON.stringify(turn.idempotency),
    JSON.stringify(turn.keyId),
  ];
  return `${turn.id}[${json.join(',')}]`;
}

export function decodeTurn(encoded: string): StoredTurn {
  const fields = JSON.parse(encoded.slice(ID_LENGTH)) as Fields;
  const [question, answer, sources, context, createdAt, model, tokens, latencyMs, ...rest] = fields;
  const [partial, metadata, idempotency, keyId] = rest;
  return {
    id: encoded.slice(0, ID_LENGTH),
    question,
    answer,
    sources,
    context: JSON.stringify(context),
    createdAt,
    model,
    usage: { promptTokens: tokens[0], completionTokens: tokens[1] },
    latencyMs,
    status: partial ? 'partial' : 'complete',
    metadata: metadata === null ? null : JSON.stringify(metadata),
    idempotency,
    // A session from before encryption has turns without it.
    keyId: keyId ?? null,
  };
}

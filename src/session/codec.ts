import type { Turn } from '../conversation/turn.js';

const ID_LENGTH = 36;

type Fields = [
  question: string,
  answer: string,
  sources: Turn['sources'],
  context: Turn['context'],
  createdAt: number,
  model: string,
  tokens: [prompt: number, completion: number],
  latencyMs: number,
  partial: 0 | 1,
  metadata: Turn['metadata'],
  idempotency: Turn['idempotency'],
];

/**
 * A turn as Redis keeps it: the id in front, which the scripts compare, and a JSON array that they never
 * look into. An array, since the names of the fields would cost a tenth of a short turn.
 */
export function encodeTurn(turn: Turn): string {
  const fields: Fields = [
    turn.question,
    turn.answer,
    turn.sources,
    turn.context,
    turn.createdAt,
    turn.model,
    [turn.usage.promptTokens, turn.usage.completionTokens],
    turn.latencyMs,
    turn.status === 'partial' ? 1 : 0,
    turn.metadata,
    turn.idempotency,
  ];
  return turn.id + JSON.stringify(fields);
}

export function decodeTurn(encoded: string): Turn {
  const fields = JSON.parse(encoded.slice(ID_LENGTH)) as Fields;
  const [question, answer, sources, context, createdAt, model, tokens, latencyMs, ...rest] = fields;
  const [partial, metadata, idempotency] = rest;
  return {
    id: encoded.slice(0, ID_LENGTH),
    question,
    answer,
    sources,
    context,
    createdAt,
    model,
    usage: { promptTokens: tokens[0], completionTokens: tokens[1] },
    latencyMs,
    status: partial ? 'partial' : 'complete',
    metadata,
    idempotency,
  };
}

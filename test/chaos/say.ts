import { setTimeout as delay } from 'node:timers/promises';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import type { BookedTurn } from './book.js';
import type { Dice } from './dice.js';
import type { Run } from './run.js';
import { KEPT_TURNS } from './stage.js';

// Longer than the service may take; a connection that says nothing is given up.
const PATIENCE_MS = 12_000;
// A claim of a killed instance lapses after twelve seconds.
const TRIES = 60;

// In progress elsewhere, a store away, or an engine that a busy machine keeps from answering in time.
const MAY_BE_REPEATED = new Set([409, 502, 503, 504]);

export interface Saying {
  /** null begins a conversation. */
  readonly conversationId: string | null;
  readonly ifMatch?: number | undefined;
  /** Turns of this conversation that its history has to have. */
  readonly known: readonly BookedTurn[];
}

export type Heard =
  | { readonly kind: 'answered'; readonly turn: BookedTurn }
  /** It may be stored or not. */
  | { readonly kind: 'unheard' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'not found' };

type Reply = { readonly status: number; readonly body: unknown } | null;

/** One turn of a client; with an Idempotency-Key it is repeated, anywhere, until it is answered. */
export async function say(run: Run, dice: Dice, saying: Saying): Promise<Heard> {
  const number = ++run.counts.begun;
  const question = `chaos ${run.seed} question ${number}`;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (dice.chance(0.45)) headers['idempotency-key'] = `chaos-${run.seed}-${number}`;
  else if (saying.ifMatch !== undefined) headers['if-match'] = `"${saying.ifMatch}"`;
  const durability = dice.chance(0.25) ? 'committed' : 'accepted';
  const meta_params = { conversation_id: saying.conversationId, durability };
  const body = JSON.stringify({ query: question, meta_params });
  const askedMs = performance.now();
  for (let tries = 1; tries <= TRIES; tries++) {
    const wasCalm = run.isCalm;
    const { url, process } = run.instance(dice);
    const attemptMs = performance.now();
    run.note(`${question}, try ${tries} at ${process.name} ${describe(headers, meta_params)}`);
    const reply = await post(`${url}/chat/basic`, { headers, body });
    run.book.noteAttempt(question, {
      process,
      sentMs: attemptMs,
      endedMs: performance.now(),
      status: reply?.status ?? null,
    });
    run.note(`${question}, try ${tries}: ${outcomeOf(reply)}`);
    if (reply?.status === 200) {
      const turn = run.book.note(reply.body as ChatReply, question, { askedMs, attemptMs });
      checkHistory(run, saying, reply.body as ChatReply, wasCalm && run.isCalm);
      return { kind: 'answered', turn };
    }
    if (reply?.status === 404) return { kind: 'not found' };
    if (reply?.status === 412) return { kind: 'changed' };
    if (reply && !MAY_BE_REPEATED.has(reply.status)) {
      run.book.complain(`a turn got ${reply.status}: ${JSON.stringify(reply.body)}`);
      break;
    }
    run.counts.refused++;
    if (!headers['idempotency-key'] || run.stop.aborted) break;
    await delay(dice.between(100, 400));
  }
  return { kind: 'unheard' };
}

export async function request(method: string, url: string): Promise<number | null> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const reply = await fetch(url, { method, signal }).catch(() => null);
  await reply?.body?.cancel();
  return reply?.status ?? null;
}

async function post(
  url: string,
  options: { headers: Record<string, string>; body: string },
): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const reply = await fetch(url, { method: 'POST', signal, ...options });
    return { status: reply.status, body: await reply.json() };
  } catch {
    // Refused, reset, timed out, or killed in the middle of the reply.
    return null;
  }
}

function describe(headers: Record<string, string>, metaParams: object): string {
  const { 'idempotency-key': key, 'if-match': ifMatch } = headers;
  return JSON.stringify({ ...metaParams, key, ifMatch });
}

function outcomeOf(reply: Reply): string {
  if (!reply) return 'cut off';
  const { turn_id, seq, durability, code } = reply.body as Record<string, unknown>;
  return reply.status === 200
    ? `${String(turn_id)} ${String(seq)} ${String(durability)}`
    : `${reply.status} ${String(code)}`;
}

/** Everything that was acknowledged before the turn was asked belongs to its history. */
function checkHistory(run: Run, { known }: Saying, reply: ChatReply, isCalm: boolean): void {
  const kept = known.filter((turn) => run.book.isKept(turn)).length;
  if (reply.history.turns_available >= Math.min(kept, KEPT_TURNS)) return;
  run.counts.shortHistories++;
  if (isCalm) {
    run.book.complain(
      `turn ${reply.turn_id} was answered with ${reply.history.turns_available} of ${kept} earlier turns`,
    );
  }
}

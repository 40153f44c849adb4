import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import type { Paper } from '../../answer/papers/paper.js';
import type { Citation, Turn } from '../../conversation/turn.js';
import { DEMO_OWNER } from '../../persistence/demo-data.js';
import { demoHours } from './calendar.js';
import { Dice } from './dice.js';
import { type DemoAnswer, DemoTexts } from './texts.js';

const HOUR_MS = 3_600_000;
const TURNS_OF_A_USER = 150;
const FEWEST_USERS = 24;
const GOES_ON = 0.78;
const MOST_TURNS = 20;
const FIRST_USERS_SHARE = 0.3;
const STAYS = 0.5;
const TRIES = 20;
// A language model's: half of them within a second, one in twenty over three.
const MEDIAN_LATENCY_MS = 1000;
const LATENCY_SPREAD = 0.7;
const CHARACTERS_OF_A_TOKEN = 4;

export interface DemoConversation {
  readonly id: string;
  readonly owner: string;
  readonly turns: readonly Turn[];
}

export interface DemoOptions {
  readonly turns: number;
  readonly seed: number;
  readonly nowMs: number;
  readonly papers: readonly Paper[];
}

/** A month of conversations up to now, in the order in which they begin: the same ones for the same options. */
export function* demoConversations(options: DemoOptions): Generator<DemoConversation> {
  const dice = new Dice(options.seed);
  const texts = new DemoTexts(options.papers, dice);
  const users = demoUsers(
    dice,
    Math.max(FEWEST_USERS, Math.round(options.turns / TURNS_OF_A_USER)),
  );
  let made = 0;
  for (const { startMs, timeShare, turnShare } of demoHours(options.nowMs)) {
    const upTo = Math.round(options.turns * turnShare);
    const begins = hourOf(dice, startMs);
    while (made < upTo) {
      const { owner } = whoComes(dice, users, timeShare);
      const count = Math.min(lengthOf(dice), upTo - made);
      const turns = turnsOf(dice, texts, begins(), count, options.nowMs);
      made += turns.length;
      yield { id: uuidv4({ random: dice.bytes(16) }), owner, turns };
    }
  }
}

interface DemoUser {
  readonly owner: string;
  /** Shares of the month. */
  readonly comesAt: number;
  readonly leavesAt: number;
}

/** In the order in which they come: a third is there from the first day; half of all stay. */
function demoUsers(dice: Dice, count: number): DemoUser[] {
  return Array.from({ length: count }, (_, index) => {
    const owner = DEMO_OWNER + uuidv4({ random: dice.bytes(16) });
    const comesAt = Math.max(0, (index / count - FIRST_USERS_SHARE) / (1 - FIRST_USERS_SHARE));
    const stay = dice.share() < STAYS ? 1 : 0.4 * dice.share() ** 2;
    return { owner, comesAt, leavesAt: comesAt + stay };
  });
}

/** Somebody who is there by then: some come often, and most now and then. */
function whoComes(dice: Dice, users: readonly DemoUser[], timeShare: number): DemoUser {
  for (let tries = 0; tries < TRIES; tries++) {
    const user = users[Math.floor(users.length * dice.share() ** 1.5)]!;
    if (user.comesAt <= timeShare && timeShare <= user.leavesAt) return user;
  }
  return users[0]!;
}

/** Moments of one hour, each a little later than the last. */
function hourOf(dice: Dice, startMs: number): () => number {
  let share = 0;
  return () => startMs + Math.floor((share += (1 - share) * 0.02 * dice.share()) * HOUR_MS);
}

function lengthOf(dice: Dice): number {
  let count = 1;
  while (count < MOST_TURNS && dice.share() < GOES_ON) count++;
  return count;
}

function turnsOf(
  dice: Dice,
  texts: DemoTexts,
  startMs: number,
  count: number,
  nowMs: number,
): Turn[] {
  const paper = texts.paper();
  let atMs = startMs;
  return Array.from({ length: count }, (_, place) => {
    if (place > 0) atMs = Math.min(nowMs, atMs + 20_000 + dice.below(240_000));
    return turnOf(dice, texts.answer(paper, place), atMs, place);
  });
}

function turnOf(
  dice: Dice,
  { question, answer, papers }: DemoAnswer,
  createdAt: number,
  place: number,
): Turn {
  const tokens = tokensOf(question) + tokensOf(answer);
  const used = Math.min(place, 10);
  return {
    id: uuidv7({ msecs: createdAt, random: dice.bytes(16) }),
    question,
    answer,
    sources: papers.map(({ id }) => id),
    context: {
      citations: papers.map(citationOf),
      history: {
        source: place === 0 ? 'none' : 'hot',
        turns_used: used,
        turns_available: place,
        tokens: used * tokens,
      },
    },
    status: 'complete',
    createdAt,
    model: 'demo',
    usage: {
      promptTokens: tokensOf(question) + used * tokens,
      completionTokens: tokensOf(answer),
    },
    tokens,
    latencyMs: Math.round(MEDIAN_LATENCY_MS * Math.exp(LATENCY_SPREAD * dice.normal())),
    metadata: null,
    idempotency: null,
  };
}

const citationOf = ({ id, title, url, text }: Paper): Citation => ({
  id,
  title,
  url,
  snippet: text.slice(0, text.indexOf('. ') + 1),
  score: 1,
});

const tokensOf = (text: string): number => Math.ceil(text.length / CHARACTERS_OF_A_TOKEN);

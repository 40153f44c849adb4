/** One question with its answer: the unit that is stored, numbered, flushed and shown. */
export interface Turn {
  /** UUIDv7: the turn's identity in both tiers. */
  readonly id: string;
  readonly question: string;
  readonly answer: string;
  /** Ids of the papers that the answer cites, in order of first use. */
  readonly sources: readonly string[];
  /** What the answer was made from, so that a retry can be answered with the very same reply. */
  readonly context: TurnContext;
  /** `partial`: the answer was cut, by a size limit or because the engine broke in mid-answer. */
  readonly status: 'complete' | 'partial';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly model: string;
  readonly usage: TokenUsage;
  /** Tokens of question and answer in a later prompt, counted once; null: a turn from before they were counted. */
  readonly tokens: number | null;
  /** Milliseconds that the engine took. */
  readonly latencyMs: number;
  readonly metadata: Metadata | null;
  readonly idempotency: IdempotencyMark | null;
}

/** A turn with its place in the conversation: 1, 2, 3 … */
export interface NumberedTurn extends Turn {
  readonly seq: number;
}

export interface TurnContext {
  readonly citations: readonly Citation[];
  readonly history: HistoryUse;
}

export interface Citation {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
  /** Share of the question that the source covers, 0 to 1. */
  readonly score: number;
}

/** Which history the prompt held. `tokens` counts the history alone, without question and papers. */
export interface HistoryUse {
  readonly source: 'none' | 'hot' | 'durable' | 'client';
  readonly turns_used: number;
  readonly turns_available: number;
  readonly tokens: number;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** The caller's own key-value pairs: at most 16 keys and 4 KiB of JSON. */
export type Metadata = Readonly<Record<string, unknown>>;

/** SHA-256 digests, hex: of owner and key (finds the turn), and of the body (a key is good for one body). */
export interface IdempotencyMark {
  readonly key: string;
  readonly body: string;
}

/** What the answer engine sees of an earlier turn. */
export interface HistoryTurn {
  readonly question: string;
  readonly answer: string;
  readonly sources: readonly string[];
}

/** A turn that may go into the prompt. One that a client sent along has neither id nor time nor count. */
export interface EarlierTurn extends HistoryTurn {
  readonly id?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  /** Tokens of question and answer; null or absent: not counted yet. */
  readonly tokens?: number | null;
}

/**
 * How safe a turn is: `accepted` once Redis has it, `committed` once Postgres has committed it,
 * `none` for what is kept nowhere.
 */
export type Durability = 'accepted' | 'committed' | 'none';

import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** One turn in the archive. The table keeps its historical name: a "message" here is a question with its answer. */
@Entity('conversation_messages')
@Unique('conversation_messages_conversation_id_seq_key', ['conversationId', 'seq'])
export class ConversationMessage {
  /** The turn's id, UUIDv7. */
  @PrimaryColumn({ type: 'uuid', default: () => 'gen_random_uuid()' })
  id: string;

  @Column({ name: 'conversation_id', type: 'text' })
  conversationId: string;

  /** A bigint: the driver gives it as a string. */
  @Column({ type: 'bigint' })
  seq: string;

  @Column({ type: 'text' })
  question: string;

  @Column({ type: 'text' })
  answer: string;

  @Column({ type: 'text', array: true, default: () => "'{}'" })
  sources: string[];

  /** What the answer was made from, as JSON: a TurnContext, or a text that is it sealed. */
  @Column({ type: 'text', nullable: true })
  context: string | null;

  @Column({ type: 'text', default: 'complete' })
  status: 'complete' | 'partial';

  /** The index has more columns, for the figures that are counted from it. */
  @Index('conversation_messages_timestamp_idx', { synchronize: false })
  @Column({ type: 'timestamptz', default: () => 'now()' })
  timestamp: Date;

  /** The caller's own, or a text that is it sealed. */
  @Column({ type: 'jsonb', nullable: true })
  metadata: unknown;

  @Column({ type: 'text', nullable: true })
  model: string | null;

  @Column({ name: 'prompt_tokens', type: 'integer', nullable: true })
  promptTokens: number | null;

  @Column({ name: 'completion_tokens', type: 'integer', nullable: true })
  completionTokens: number | null;

  /** Of question and answer in a later prompt. */
  @Column({ type: 'integer', nullable: true })
  tokens: number | null;

  @Column({ name: 'latency_ms', type: 'integer', nullable: true })
  latencyMs: number | null;

  /** A digest of the user, to count people by; a bigint: the driver gives it as a string. */
  @Column({ name: 'user_key', type: 'bigint', nullable: true })
  userKey: string | null;

  /** SHA-256 of owner and Idempotency-Key. */
  @Index('conversation_messages_idempotency_key_idx', { synchronize: false })
  @Column({ name: 'idempotency_key', type: 'bytea', nullable: true })
  idempotencyKey: Buffer | null;

  /** SHA-256 of the request's body: a key is good for one body. */
  @Column({ name: 'idempotency_body', type: 'bytea', nullable: true })
  idempotencyBody: Buffer | null;

  /** The data key that sealed question, answer, context and metadata; null: they are as they were said. */
  @Column({ name: 'key_id', type: 'text', nullable: true })
  keyId: string | null;

  /** The words of question and answer, for the search; null: sealed, or from before there was one. */
  @Column({ type: 'tsvector', nullable: true, select: false })
  terms: string | null;
}

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

  @Index('conversation_messages_sources_idx', { synchronize: false })
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  sources: string[];

  /** What the answer was made from, as JSON: a TurnContext, or a text that is it sealed. */
  @Column({ type: 'text', nullable: true })
  context: string | null;

  @Column({ type: 'text', default: 'complete' })
  status: 'complete' | 'partial';

  /** This index and that of the sources have more columns, for the figures that are counted from them. */
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

  /** The words of question and answer; null: sealed, or not read yet. */
  @Column({ type: 'tsvector', nullable: true, select: false })
  terms: string | null;

  /** What its question is about, as tokens: bigints, which the driver gives as strings; null: not counted. */
  @Index('conversation_messages_topics_idx', { synchronize: false })
  @Column({ name: 'topic_tokens', type: 'bigint', array: true, nullable: true, select: false })
  topicTokens: string[] | null;

  /** The phrases in the same order, as JSON that is sealed. */
  @Column({ name: 'topic_labels', type: 'text', nullable: true, select: false })
  topicLabels: string | null;

  /** The data key that sealed question, answer, context and metadata; null: they are as they were said. */
  @Column({ name: 'key_id', type: 'text', nullable: true })
  keyId: string | null;
}

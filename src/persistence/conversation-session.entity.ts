import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One conversation in the archive; erased ones stay for a while, as a row without content that is nobody's. */
@Entity('conversation_sessions')
@Index('conversation_sessions_user_id_idx', { synchronize: false })
export class ConversationSession {
  @PrimaryColumn({ type: 'uuid', default: () => 'gen_random_uuid()' })
  id: string;

  @Column({ name: 'conversation_id', type: 'text', unique: true })
  conversationId: string;

  @Column({ name: 'user_id', type: 'text', nullable: true })
  userId: string | null;

  @Column({ type: 'text', nullable: true })
  title: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'last_activity', type: 'timestamptz', default: () => 'now()' })
  lastActivity: Date;

  /** The caller's own, or a text that is it sealed. */
  @Column({ type: 'jsonb', nullable: true })
  metadata: unknown;

  @Column({ name: 'is_archived', type: 'boolean', default: false })
  isArchived: boolean;

  /** Since when, by Postgres's clock. */
  @Column({ name: 'archived_at', type: 'timestamptz', nullable: true })
  archivedAt: Date | null;

  /** A bigint: the driver gives it as a string. Also the seq of the newest turn. */
  @Column({ name: 'turn_count', type: 'bigint', default: 0 })
  turnCount: string;

  /** The keyring: the wrapped data keys of the conversation. */
  @Column({ name: 'data_key', type: 'bytea', nullable: true })
  dataKey: Buffer | null;

  /** The data key that sealed title and metadata; null: they are as they were said. */
  @Column({ name: 'key_id', type: 'text', nullable: true })
  keyId: string | null;

  /** The last turn that was written around Redis, while the session there may still be without it. */
  @Index('conversation_sessions_hot_stale_idx', { synchronize: false })
  @Column({ name: 'hot_stale', type: 'uuid', nullable: true })
  hotStale: string | null;

  @Index('conversation_sessions_erased_at_idx', { synchronize: false })
  @Column({ name: 'erased_at', type: 'timestamptz', nullable: true })
  erasedAt: Date | null;
}

import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One conversation in the archive; erased ones stay as a row without content for a while. */
@Entity('conversation_sessions')
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

  @Column({ type: 'jsonb', nullable: true })
  metadata: Record<string, unknown> | null;

  @Column({ name: 'is_archived', type: 'boolean', default: false })
  isArchived: boolean;

  /** A bigint: the driver gives it as a string. Also the seq of the newest turn. */
  @Column({ name: 'turn_count', type: 'bigint', default: 0 })
  turnCount: string;

  @Column({ name: 'data_key', type: 'bytea', nullable: true })
  dataKey: Buffer | null;

  /** The last turn that was written around Redis, while the session there may still be without it. */
  @Index('conversation_sessions_hot_stale_idx', { synchronize: false })
  @Column({ name: 'hot_stale', type: 'uuid', nullable: true })
  hotStale: string | null;

  @Index('conversation_sessions_erased_at_idx', { synchronize: false })
  @Column({ name: 'erased_at', type: 'timestamptz', nullable: true })
  erasedAt: Date | null;
}

import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who is answering, or has answered, an Idempotency-Key. */
@Entity('idempotency_claims')
export class IdempotencyClaim {
  /** SHA-256 of owner and key. */
  @PrimaryColumn({ type: 'bytea' })
  key: Buffer;

  /** SHA-256 of the request's body. */
  @Column({ type: 'bytea' })
  body: Buffer;

  @Index('idempotency_claims_conversation_id_idx')
  @Column({ name: 'conversation_id', type: 'text' })
  conversationId: string;

  @Column({ name: 'turn_id', type: 'uuid' })
  turnId: string;

  @Column({ type: 'boolean', default: false })
  answered: boolean;

  /** From then on the claimant counts as dead, and a retry goes on with its ids. */
  @Column({ name: 'lapses_at', type: 'timestamptz' })
  lapsesAt: Date;

  @Index('idempotency_claims_expires_at_idx')
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}

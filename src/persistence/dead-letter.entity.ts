import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { StoredTurn } from '../conversation/stored-turn.js';

/** A turn that the archive refuses, as it came, until somebody mends the cause and retries it. */
@Entity('dead_letters')
export class DeadLetter {
  @PrimaryColumn({ name: 'turn_id', type: 'uuid' })
  turnId: string;

  @Index('dead_letters_conversation_id_idx')
  @Column({ name: 'conversation_id', type: 'text' })
  conversationId: string;

  /** JSON of the StoredTurn: as bytes, since bytes are never refused. */
  @Column({ type: 'bytea' })
  turn: Buffer;

  /** Why it was refused, in Postgres's own code. */
  @Column({ type: 'text' })
  sqlstate: string;

  @Column({ name: 'at', type: 'timestamptz', default: () => 'now()' })
  at: Date;

  @Column({ type: 'integer', default: 1 })
  attempts: number;
}

export const turnOfLetter = ({ turn }: Pick<DeadLetter, 'turn'>): StoredTurn =>
  JSON.parse(turn.toString()) as StoredTurn;

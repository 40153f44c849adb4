import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A user who has erased everything, for as long as something of before may still turn up. */
@Entity('owner_erasures')
export class OwnerErasureRow {
  /** SHA-256 of the user's id. */
  @PrimaryColumn({ type: 'bytea' })
  owner: Buffer;

  /** Another one each time. */
  @Column({ type: 'uuid' })
  mark: string;

  @Column({ name: 'at', type: 'timestamptz' })
  at: Date;
}

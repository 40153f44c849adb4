import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One paper note. */
@Entity('papers')
export class PaperRow {
  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  title: string;

  @Column({ type: 'text', array: true })
  authors: string[];

  @Column({ type: 'integer' })
  year: number;

  @Column({ type: 'text' })
  url: string;

  @Column({ type: 'text' })
  text: string;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}

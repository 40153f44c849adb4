import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who is at a task, and until when nobody else begins with it. */
@Entity('task_leases')
export class TaskLeaseRow {
  @PrimaryColumn({ type: 'text' })
  task: string;

  @Column({ type: 'uuid' })
  holder: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}

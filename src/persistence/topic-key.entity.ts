import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one key that makes tokens of topics. */
@Entity('topic_key')
@Check('topic_key_is_the_only_check', 'is_the_only')
export class TopicKeyRow {
  @PrimaryColumn({ name: 'is_the_only', type: 'boolean', default: true })
  isTheOnly: boolean;

  /** As of a conversation: the key, wrapped by one of ENCRYPTION_KEYS. */
  @Column({ type: 'text' })
  keyring: string;
}

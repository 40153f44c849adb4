import { ApiProperty } from '@nestjs/swagger';
import type { ErasedEverything } from '../conversation/owner-erasure.js';

/** What was erased of a user. */
export class ErasedDto {
  @ApiProperty()
  conversations: number;

  @ApiProperty({ description: 'In both tiers together, dead letters too.' })
  turns: number;

  @ApiProperty({ description: 'Sessions that were removed from Redis.' })
  sessions: number;

  @ApiProperty({ format: 'date-time' })
  erased_at: string;

  constructor({ conversations, turns, sessions }: ErasedEverything, erasedAt: Date) {
    this.conversations = conversations;
    this.turns = turns;
    this.sessions = sessions;
    this.erased_at = erasedAt.toISOString();
  }
}

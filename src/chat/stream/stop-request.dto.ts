import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { UUID } from '../../conversation/conversation.js';

/** Which answer is to stop. */
export class StopRequest {
  @ApiProperty({ format: 'uuid' })
  @Matches(UUID, { message: 'takes a UUID' })
  conversation_id: string;
}

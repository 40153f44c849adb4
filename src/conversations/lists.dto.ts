import { ApiProperty } from '@nestjs/swagger';
import { ConversationDto } from './conversation.dto.js';
import { TurnDto } from './turn.dto.js';

/** A page of a user's conversations, the newest activity first. */
export class ConversationListDto {
  @ApiProperty({ type: [ConversationDto] })
  data: ConversationDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of the next page; null: there is none.',
  })
  next_cursor: string | null;
}

/** A page of a conversation's turns. */
export class TurnPageDto {
  @ApiProperty({ type: [TurnDto] })
  data: TurnDto[];

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'For `before`, to get the turns before these; null: there are none.',
  })
  next_before: number | null;
}

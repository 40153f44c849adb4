import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Conversation } from '../conversation/conversation.js';

/** A conversation as its owner sees it. */
export class ConversationDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  last_activity: string;

  @ApiProperty({ description: 'Turns in both tiers together.' })
  turn_count: number;

  @ApiProperty()
  is_archived: boolean;

  @ApiProperty({ type: Object, nullable: true, additionalProperties: true })
  metadata: Readonly<Record<string, unknown>> | null;

  @ApiPropertyOptional({
    enum: [true],
    description: 'Title and metadata cannot be decrypted, and are null.',
  })
  unreadable?: true;

  constructor(conversation: Conversation, unreadable = false) {
    this.conversation_id = conversation.id;
    this.title = conversation.title;
    this.created_at = new Date(conversation.createdAt).toISOString();
    this.last_activity = new Date(conversation.lastActivity).toISOString();
    this.turn_count = conversation.turnCount;
    this.is_archived = conversation.isArchived;
    this.metadata = conversation.metadata;
    if (unreadable) this.unreadable = true;
  }
}

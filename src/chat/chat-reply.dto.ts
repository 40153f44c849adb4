import { ApiProperty } from '@nestjs/swagger';
import type { Durability } from '../conversation/turn.js';

export class CitationDto {
  @ApiProperty({ example: 'vaswani-2017' })
  id: string;

  @ApiProperty()
  title: string;

  @ApiProperty()
  url: string;

  @ApiProperty({ description: 'What the answer quotes from the source.' })
  snippet: string;

  @ApiProperty({ minimum: 0, maximum: 1, description: 'Share of the question that it covers.' })
  score: number;
}

export class HistoryUseDto {
  @ApiProperty({ enum: ['none', 'hot', 'durable', 'client'] })
  source: 'none' | 'hot' | 'durable' | 'client';

  @ApiProperty({ description: 'Turns in the prompt.' })
  turns_used: number;

  @ApiProperty({ description: 'Turns that there were to choose from.' })
  turns_available: number;

  @ApiProperty({ description: 'Tokens of the history in the prompt.' })
  tokens: number;
}

export class UsageDto {
  @ApiProperty()
  prompt_tokens: number;

  @ApiProperty()
  completion_tokens: number;
}

/** An answered turn. */
export class ChatReply {
  @ApiProperty()
  answer: string;

  @ApiProperty({ type: [String], example: ['vaswani-2017'] })
  sources: readonly string[];

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: kept nowhere' })
  conversation_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  turn_id: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Place in the conversation: 1, 2, 3 …; null where it has none.',
  })
  seq: number | null;

  @ApiProperty({ enum: ['accepted', 'committed', 'none'], description: 'What truly happened.' })
  durability: Durability;

  @ApiProperty({ type: [CitationDto] })
  citations: readonly CitationDto[];

  @ApiProperty({ type: HistoryUseDto })
  history: HistoryUseDto;

  @ApiProperty({ type: UsageDto })
  usage: UsageDto;

  @ApiProperty({ example: 'extractive' })
  model: string;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ExportedTurn } from '../conversation/owner-export.js';

export class TurnUsageDto {
  @ApiProperty()
  prompt_tokens: number;

  @ApiProperty()
  completion_tokens: number;
}

/** A turn as its owner sees it. */
export class TurnDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Null for a dead letter.' })
  seq: number | null;

  @ApiProperty({ type: String, nullable: true })
  question: string | null;

  @ApiProperty({ type: String, nullable: true })
  answer: string | null;

  @ApiProperty({ type: [String] })
  sources: readonly string[];

  @ApiProperty({ enum: ['complete', 'partial'] })
  status: 'complete' | 'partial';

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty()
  model: string;

  @ApiProperty({ type: TurnUsageDto })
  usage: TurnUsageDto;

  @ApiProperty({ description: 'Milliseconds that the answer engine took.' })
  latency_ms: number;

  @ApiProperty({ type: Object, nullable: true, additionalProperties: true })
  metadata: Readonly<Record<string, unknown>> | null;

  @ApiProperty({ enum: ['accepted', 'committed'] })
  durability: 'accepted' | 'committed';

  @ApiPropertyOptional({
    enum: [true],
    description: 'Its contents cannot be decrypted: question, answer and metadata are null.',
  })
  unreadable?: true;

  constructor({ turn, seq, durability }: Pick<ExportedTurn, 'turn' | 'seq' | 'durability'>) {
    this.id = turn.id;
    this.seq = seq;
    this.question = turn.question;
    this.answer = turn.answer;
    this.sources = turn.sources;
    this.status = turn.status;
    this.created_at = new Date(turn.createdAt).toISOString();
    this.model = turn.model;
    this.usage = {
      prompt_tokens: turn.usage.promptTokens,
      completion_tokens: turn.usage.completionTokens,
    };
    this.latency_ms = turn.latencyMs;
    this.metadata = turn.metadata;
    this.durability = durability;
    if (turn.unreadable) this.unreadable = true;
  }
}

import { ApiProperty } from '@nestjs/swagger';

export class SweepReport {
  @ApiProperty()
  conversations: number;

  @ApiProperty()
  turns: number;

  @ApiProperty({ description: 'Conversations that are still dirty because their flush failed.' })
  failed: number;

  @ApiProperty({ description: 'Turns that Postgres refused in this sweep; they are kept apart.' })
  dead_letters: number;

  @ApiProperty()
  duration_ms: number;
}

export class DeadLetterDto {
  @ApiProperty({ format: 'uuid' })
  turn_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ description: 'What kind of refusal it was.' })
  reason: string;

  @ApiProperty({ example: '23514' })
  sqlstate: string;

  @ApiProperty({ format: 'date-time', description: 'When it was refused last.' })
  at: string;

  @ApiProperty()
  attempts: number;
}

export class DeadLetterList {
  @ApiProperty({ type: [DeadLetterDto] })
  data: DeadLetterDto[];
}

export class RetriedLetterDto {
  @ApiProperty({ format: 'uuid' })
  turn_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Its place now; null: refused again.' })
  seq: number | null;
}

export class ViolationDto {
  @ApiProperty()
  invariant: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ description: 'Counts and places, never contents.' })
  detail: string;
}

export class VerifyReport {
  @ApiProperty()
  ok: boolean;

  @ApiProperty({ type: [ViolationDto] })
  violations: ViolationDto[];
}

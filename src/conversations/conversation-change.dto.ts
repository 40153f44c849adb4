import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, ValidateIf } from 'class-validator';
import type { Metadata } from '../conversation/turn.js';
import { IsMetadata } from '../http/is-metadata.js';
import { IsStorableText } from '../http/is-storable-text.js';

const MAX_TITLE_CHARACTERS = 200;

const IfGiven = (property: string) =>
  ValidateIf((change: Record<string, unknown>) => change[property] !== undefined);
const UnlessTakenAway = (property: string) =>
  ValidateIf((change: Record<string, unknown>) => (change[property] ?? null) !== null);

/** What is to be otherwise; what is not named stays. */
export class ConversationChangeDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: MAX_TITLE_CHARACTERS,
    description: 'null takes it away.',
    example: 'Attention, for the exam',
  })
  @UnlessTakenAway('title')
  @IsStorableText({ minCharacters: 1, maxCharacters: MAX_TITLE_CHARACTERS })
  title?: string | null;

  @ApiPropertyOptional({
    type: Object,
    nullable: true,
    additionalProperties: true,
    description: 'In place of all that was there: at most 16 keys and 4 KiB. null takes it away.',
    example: { course: 'cs101' },
  })
  @UnlessTakenAway('metadata')
  @IsMetadata()
  metadata?: Metadata | null;

  @ApiPropertyOptional({
    type: Boolean,
    description: 'Archived conversations are in another list; the next turn brings one back.',
  })
  @IfGiven('is_archived')
  @IsBoolean({ message: 'takes true or false' })
  is_archived?: boolean;
}

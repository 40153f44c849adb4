import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  Matches,
  ValidateNested,
} from 'class-validator';
import { UUID } from '../conversation/conversation.js';
import type { HistoryTurn, Metadata } from '../conversation/turn.js';
import { IsMetadata } from '../http/is-metadata.js';
import { IsStorableText } from '../http/is-storable-text.js';

const MAX_QUERY_CHARACTERS = 8000;
const MAX_HISTORY_TURNS = 50;
// A body holds 256 KiB in all; a single answer may be most of it.
const MAX_ANSWER_CHARACTERS = 200_000;
const MAX_SOURCES = 100;
const MAX_SOURCE_CHARACTERS = 200;

/** Where a turn goes, and how safely. */
export class MetaParams {
  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The conversation to go on with; null or absent begins a new one.',
  })
  @IsOptional()
  @Matches(UUID, { message: 'takes a UUID, or null to begin a conversation' })
  conversation_id?: string | null;

  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    default: false,
    description: 'Answer, and keep nothing anywhere.',
  })
  @IsOptional()
  @IsBoolean({ message: 'takes true or false' })
  is_incognito?: boolean | null;

  @ApiPropertyOptional({
    enum: ['accepted', 'committed'],
    default: 'accepted',
    description: 'Reply once Redis has the turn, or once Postgres has committed it.',
  })
  @IsOptional()
  @IsIn(['accepted', 'committed'], { message: 'takes accepted or committed' })
  durability?: 'accepted' | 'committed' | null;
}

/** An earlier turn that the client itself has kept. */
export class ClientTurn implements HistoryTurn {
  @ApiProperty({ maxLength: MAX_QUERY_CHARACTERS })
  @IsStorableText({ maxCharacters: MAX_QUERY_CHARACTERS })
  question: string;

  @ApiProperty({ maxLength: MAX_ANSWER_CHARACTERS })
  @IsStorableText({ maxCharacters: MAX_ANSWER_CHARACTERS })
  answer: string;

  @ApiPropertyOptional({ type: [String], default: [], maxItems: MAX_SOURCES })
  @IsOptional()
  @IsArray({ message: 'takes a list of paper ids' })
  @ArrayMaxSize(MAX_SOURCES, { message: `takes at most ${MAX_SOURCES} paper ids` })
  @IsStorableText({ maxCharacters: MAX_SOURCE_CHARACTERS }, { each: true })
  sources: string[] = [];
}

/** One question. */
export class ChatRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: MAX_QUERY_CHARACTERS,
    example: 'What is machine learning?',
  })
  @IsStorableText({ minCharacters: 1, maxCharacters: MAX_QUERY_CHARACTERS })
  query: string;

  @ApiPropertyOptional({ type: MetaParams })
  @IsOptional()
  @IsObject({ message: 'takes an object' })
  @ValidateNested()
  @Type(() => MetaParams)
  meta_params?: MetaParams | null;

  @ApiPropertyOptional({
    type: [ClientTurn],
    maxItems: MAX_HISTORY_TURNS,
    description: 'Oldest first; only for incognito turns and HISTORY_MODE=client.',
  })
  @IsOptional()
  @IsArray({ message: 'takes a list of turns' })
  @ArrayMaxSize(MAX_HISTORY_TURNS, { message: `takes at most ${MAX_HISTORY_TURNS} turns` })
  @IsObject({ each: true, message: 'takes turns with question and answer' })
  @ValidateNested({ each: true })
  @Type(() => ClientTurn)
  history?: ClientTurn[] | null;

  @ApiPropertyOptional({
    type: Object,
    additionalProperties: true,
    description: 'Kept with the turn: at most 16 keys and 4 KiB.',
    example: { course: 'cs101' },
  })
  @IsOptional()
  @IsMetadata()
  metadata?: Metadata | null;
}

import { ApiProperty } from '@nestjs/swagger';
import type { SearchHit } from '../conversation/own-search.js';
import { htmlOfSnippet } from '../conversation/snippet.js';

/** A turn that was found. */
export class SearchHitDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({
    format: 'uuid',
    description: 'The first turn where the title alone has the words.',
  })
  turn_id: string;

  @ApiProperty()
  seq: number;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty({
    description: 'HTML: everything in it is escaped but `<mark>` around what was found.',
    example: 'What is <mark>attention</mark>?',
  })
  snippet: string;

  @ApiProperty({ description: 'To compare hits of one search with, and for nothing else.' })
  score: number;

  constructor({ conversationId, turnId, seq, title, snippet, score }: SearchHit) {
    this.conversation_id = conversationId;
    this.turn_id = turnId;
    this.seq = seq;
    this.title = title;
    this.snippet = htmlOfSnippet(snippet);
    this.score = score;
  }
}

export class SearchHitsDto {
  @ApiProperty({ type: [SearchHitDto], description: 'The best ones first.' })
  data: SearchHitDto[];
}

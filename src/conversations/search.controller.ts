import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ARCHIVING, onlyIn } from '../auth/mode.guard.js';
import { OwnSearch } from '../conversation/own-search.js';
import { isStorableText } from '../conversation/text.js';
import { ApiProblems } from '../http/api-problems.js';
import { invalidQuery, type Query as AnyQuery, readInteger } from './query.js';
import { SearchHitDto, SearchHitsDto } from './search.dto.js';

const LISTED = { fallback: 20, min: 1, max: 50 };
const MAX_CHARACTERS = 500;

@ApiTags('conversations')
@Controller('conversations/search')
@UseGuards(onlyIn(ARCHIVING, 'Searching'))
export class SearchController {
  constructor(private readonly own: OwnSearch) {}

  @Get()
  @ApiOperation({
    summary: 'Find words in the caller’s own titles, questions and answers.',
    description:
      'Any of the words will do, in any form that they have in English; who has more of them comes first.',
  })
  @ApiQuery({
    name: 'q',
    schema: { type: 'string', minLength: 1, maxLength: MAX_CHARACTERS, example: 'attention' },
  })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', default: 20, minimum: 1, maximum: 50 },
  })
  @ApiOkResponse({ type: SearchHitsDto })
  @ApiProblems(400, 401, 403, 409, 429, 503)
  async search(
    @Query() query: AnyQuery,
    @CurrentCaller() { userId }: Caller,
  ): Promise<SearchHitsDto> {
    const limit = readInteger(query, 'limit', LISTED);
    const hits = await this.own.search(userId, { words: readWords(query), limit });
    return { data: hits.map((hit) => new SearchHitDto(hit)) };
  }
}

function readWords({ q }: AnyQuery): string {
  const isText = typeof q === 'string' && q.trim() !== '' && isStorableText(q);
  if (isText && q.length <= MAX_CHARACTERS) return q;
  throw invalidQuery('q', `takes 1 to ${MAX_CHARACTERS} characters, not blank`);
}

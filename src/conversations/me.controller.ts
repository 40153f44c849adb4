import { Readable } from 'node:stream';
import { Controller, Delete, Get, Logger, Res, UseGuards } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ServiceError } from '../conversation/errors.js';
import { OwnerErasure } from '../conversation/owner-erasure.js';
import { OwnerExport } from '../conversation/owner-export.js';
import { ApiProblems } from '../http/api-problems.js';
import { UnreadReplies } from '../http/unread-replies.js';
import { ConversationDto } from './conversation.dto.js';
import { exportLines } from './export-lines.js';
import { ErasedDto } from './me.dto.js';
import { OwnDataRateGuard } from './own-data-rate.guard.js';
import { TurnDto } from './turn.dto.js';

const NDJSON = 'application/x-ndjson';

const lineSchema = (type: string, ...rest: object[]) => ({
  allOf: [{ type: 'object', properties: { type: { enum: [type] } } }, ...rest],
});

/** Everything that is the caller's own. */
@ApiTags('me')
@Controller('me')
@UseGuards(OwnDataRateGuard)
export class MeController {
  private readonly logger = new Logger(MeController.name);

  constructor(
    private readonly ownErasure: OwnerErasure,
    private readonly ownExport: OwnerExport,
    private readonly unread: UnreadReplies,
  ) {}

  @Get('export')
  @ApiOperation({
    summary: 'Take everything along, one JSON object a line.',
    description:
      'Each conversation is followed by its turns, in their order. The last line is `{"type":"end","conversations":n,"turns":m}`: an export without it was cut off.',
  })
  @ApiExtraModels(ConversationDto, TurnDto)
  @ApiOkResponse({
    content: {
      [NDJSON]: {
        schema: {
          oneOf: [
            lineSchema('conversation', { $ref: getSchemaPath(ConversationDto) }),
            lineSchema(
              'turn',
              { properties: { conversation_id: { type: 'string', format: 'uuid' } } },
              { $ref: getSchemaPath(TurnDto) },
            ),
            lineSchema('end', {
              properties: { conversations: { type: 'number' }, turns: { type: 'number' } },
            }),
          ],
        },
      },
    },
  })
  @ApiProblems(401, 403, 409, 429, 503)
  async export(@CurrentCaller() { userId }: Caller, @Res() reply: FastifyReply): Promise<void> {
    const lines = exportLines(this.ownExport.exportAll(userId));
    // What fails before the first line still has a status of its own.
    const first = await lines.next();
    this.unread.watch(reply.raw);
    await reply
      .header('Content-Type', `${NDJSON}; charset=utf-8`)
      .header('Content-Disposition', 'attachment; filename="conversations.ndjson"')
      .header('Cache-Control', 'no-store')
      .send(Readable.from(this.following(first, lines), { objectMode: false }));
  }

  @Delete('data')
  @ApiOperation({ summary: 'Erase every conversation of the caller in both tiers, for good.' })
  @ApiOkResponse({ type: ErasedDto })
  @ApiProblems(401, 403, 409, 429, 503)
  async erase(@CurrentCaller() { userId }: Caller): Promise<ErasedDto> {
    return new ErasedDto(await this.ownErasure.eraseAll(userId), new Date());
  }

  /** An error breaks the connection, and a connection that breaks ends the export. */
  private async *following(
    first: IteratorResult<string, void>,
    lines: AsyncGenerator<string, void>,
  ): AsyncGenerator<string> {
    try {
      if (!first.done) yield first.value;
      yield* lines;
    } catch (error) {
      const reason = error instanceof ServiceError ? error.code : 'internal';
      this.logger.warn(`an export was cut off (${reason})`);
      throw error;
    } finally {
      await lines.return();
    }
  }
}

import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse } from '@nestjs/swagger';
import { ERROR_CODES } from '../conversation/errors.js';

export class FieldProblem {
  @ApiProperty({ example: 'meta_params.conversation_id' })
  path: string;

  @ApiProperty({ example: 'takes a UUID, or null to begin a conversation' })
  message: string;
}

/** RFC 9457. */
export class Problem {
  @ApiProperty({ example: 'urn:openta:error:invalid_request' })
  type: string;

  @ApiProperty()
  title: string;

  @ApiProperty()
  status: number;

  @ApiProperty({ description: 'What to do about it.' })
  detail: string;

  @ApiProperty({ enum: Object.keys(ERROR_CODES) })
  code: string;

  @ApiPropertyOptional({ type: [FieldProblem] })
  errors?: FieldProblem[];

  @ApiProperty({ description: 'Whether the same request may succeed later.' })
  retryable: boolean;
}

/** Documents the errors of a route, with the codes that each status stands for. */
export function ApiProblems(...statuses: readonly number[]): MethodDecorator {
  return applyDecorators(
    ...statuses.map((status) => {
      const codes = Object.entries(ERROR_CODES).filter(([, each]) => each.status === status);
      return ApiResponse({
        status,
        type: Problem,
        description: codes.map(([code]) => code).join(', '),
      });
    }),
  );
}

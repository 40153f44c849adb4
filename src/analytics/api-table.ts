import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiQuery, getSchemaPath } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.js';
import { DEFAULT_DAYS, MAX_DAYS } from './figures-query.js';

type RowClass = abstract new () => object;

/** Documents a route whose rows come as JSON, or as CSV where the caller asks for that. */
export function ApiTable(...rows: readonly RowClass[]): MethodDecorator {
  const schemas = rows.map((row) => ({ $ref: getSchemaPath(row as never) }));
  return applyDecorators(
    ApiExtraModels(...(rows as never[])),
    ApiHeader({ name: 'Accept', required: false, description: '`text/csv` for CSV (RFC 4180).' }),
    ApiOkResponse({
      content: {
        'application/json': { schema: { type: 'array', items: { anyOf: schemas } } },
        'text/csv': { schema: { type: 'string' } },
      },
    }),
    ApiProblems(400, 401, 403, 409, 429, 503),
  );
}

/** Documents `from` and `to`. */
export function ApiRange(): MethodDecorator {
  const day = { required: false, type: String };
  return applyDecorators(
    ApiQuery({
      ...day,
      name: 'from',
      description: `A day (UTC) or a time with its zone; by default the first of ${DEFAULT_DAYS} days, at most ${MAX_DAYS} days before \`to\`.`,
    }),
    ApiQuery({ ...day, name: 'to', description: 'Not included; by default now.' }),
  );
}

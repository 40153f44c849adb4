import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, ServiceError } from '../conversation/errors.js';

// A field's name comes from the caller too, and should not grow a reply.
const MAX_PATH_CHARACTERS = 100;
// Nor should a body of thousands of unknown fields.
const MAX_ERRORS = 20;

/** Checks bodies against their classes; what is not in the class is refused. */
export const validationPipe = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) =>
    new ServiceError('invalid_request', 'Correct the fields that errors names.', {
      fields: errors.flatMap((error) => fieldErrors(error, '')).slice(0, MAX_ERRORS),
    }),
});

function fieldErrors(error: ValidationError, parent: string): FieldError[] {
  const path = `${parent}${error.property}`.slice(0, MAX_PATH_CHARACTERS);
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    path,
    message: rule === 'whitelistValidation' ? 'is not a known field' : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, `${path}.`))];
}

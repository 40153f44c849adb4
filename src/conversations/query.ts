import { type FieldError, ServiceError } from '../conversation/errors.js';

/** The parameters behind the question mark, as they came; unknown ones are ignored. */
export type Query = Readonly<Record<string, unknown>>;

export const invalidQuery = (path: string, message: string): ServiceError => {
  const fields: FieldError[] = [{ path, message }];
  return new ServiceError('invalid_request', 'Correct the parameters that errors names.', {
    fields,
  });
};

/** @throws ServiceError invalid_request. */
export function readInteger<T>(
  query: Query,
  name: string,
  { fallback, min, max }: { readonly fallback: T; readonly min: number; readonly max: number },
): number | T {
  const text = query[name];
  if (text === undefined || text === '') return fallback;
  const value = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw invalidQuery(name, `takes a whole number from ${min} to ${max}`);
}

/** @throws ServiceError invalid_request. */
export function readOneOf<T extends string>(
  query: Query,
  name: string,
  values: readonly [T, ...T[]],
): T {
  const text = query[name];
  if (text === undefined || text === '') return values[0];
  const value = values.find((each) => each === text);
  if (value !== undefined) return value;
  throw invalidQuery(name, `takes ${values.join(' or ')}`);
}

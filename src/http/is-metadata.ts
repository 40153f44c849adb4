import { registerDecorator } from 'class-validator';
import { isStorableText } from '../conversation/text.js';

const MAX_KEYS = 16;
const MAX_BYTES = 4096;
// Deeper than anybody needs, and shallow enough for every JSON parser on the way.
const MAX_DEPTH = 8;

/** An object of at most 16 keys, 4 KiB as JSON, whose texts both stores keep unchanged. */
export function IsMetadata(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isMetadata',
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: isMetadata,
        defaultMessage: () =>
          `takes an object of at most ${MAX_KEYS} keys, ${MAX_BYTES} bytes and ${MAX_DEPTH} levels, ` +
          'its texts in well-formed Unicode without NUL',
      },
    });
}

function isMetadata(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length <= MAX_KEYS &&
    isStorable(value, MAX_DEPTH) &&
    Buffer.byteLength(JSON.stringify(value)) <= MAX_BYTES
  );
}

function isStorable(value: unknown, depthLeft: number): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depthLeft === 0) return false;
  return Object.entries(value).every(
    ([key, each]) => isStorableText(key) && isStorable(each, depthLeft - 1),
  );
}

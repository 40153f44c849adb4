import { registerDecorator, type ValidationOptions } from 'class-validator';
import { isStorableText } from '../conversation/text.js';

export interface TextBounds {
  readonly minCharacters?: number;
  readonly maxCharacters: number;
}

/** A text that both stores keep unchanged, not blank where it needs a character, within its bounds in characters. */
export function IsStorableText(bounds: TextBounds, options?: ValidationOptions): PropertyDecorator {
  const { minCharacters = 0, maxCharacters } = bounds;
  return (target, propertyName) =>
    registerDecorator({
      name: 'isStorableText',
      target: target.constructor,
      propertyName: String(propertyName),
      ...(options && { options }),
      validator: {
        validate: (value: unknown) => typeof value === 'string' && isWithin(value, bounds),
        defaultMessage: () =>
          `takes a text of ${minCharacters} to ${maxCharacters} characters` +
          `${minCharacters > 0 ? ', not blank,' : ''} in well-formed Unicode without NUL`,
      },
    });
}

function isWithin(text: string, { minCharacters = 0, maxCharacters }: TextBounds): boolean {
  // A character is one or two code units: most texts are decided without counting.
  if (text.length > maxCharacters * 2) return false;
  if (minCharacters > 0 && text.trim() === '') return false;
  const characters = text.length > maxCharacters ? Array.from(text).length : text.length;
  return characters <= maxCharacters && isStorableText(text);
}

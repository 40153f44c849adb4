import fc from 'fast-check';
import type { Schema } from '../support/contract.js';
import { id, oddText, oddValue } from './values.js';

type Schemas = Readonly<Record<string, Schema>>;

/** Bytes of a body: as a route takes it, nearly so, or anything. */
export function bodyFor(schema: Schema | null, schemas: Schemas): fc.Arbitrary<Buffer | null> {
  const valid = schema ? valueOf(schema, schemas) : oddValue();
  const json = valid.map((value) => JSON.stringify(value) ?? '');
  return fc.oneof(
    { weight: 5, arbitrary: json.map((text) => Buffer.from(text)) },
    { weight: 6, arbitrary: mutated(valid).map((value) => Buffer.from(JSON.stringify(value))) },
    { weight: 2, arbitrary: oddValue().map((value) => Buffer.from(JSON.stringify(value))) },
    { weight: 3, arbitrary: damaged(json) },
    { weight: 1, arbitrary: fc.constantFrom(...MONSTERS) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
}

// Made once: what they are does not depend on the seed.
const MONSTERS = [
  '['.repeat(100_000),
  `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
  `[${'1,'.repeat(60_000)}1]`,
  `{${Array.from({ length: 2000 }, (_, at) => `"k${at}":0`).join()}}`,
  `{${Array.from({ length: 9000 }, (_, at) => `"k${at}":0`).join()}}`,
  `{"query":"${'\\u0000'.repeat(20_000)}"}`,
  `{"query":"${'x'.repeat(300_000)}"}`,
  `{"query":1${'0'.repeat(10_000)}}`,
  '{"query":"a","query":"b","__proto__":{"x":1}}',
  '{"query":"a","constructor":{"prototype":{"x":1}}}',
  '{"query":"a","metadata":{"__proto__":null,"toString":1,"hasOwnProperty":2}}',
  '{"query":"a","meta_params":{"is_incognito":1e999}}',
].map((text) => Buffer.from(text));

/** A value that the schema describes, more or less: what bounds it has besides is left to chance. */
function valueOf(schema: Schema, schemas: Schemas): fc.Arbitrary<unknown> {
  const named = schema.$ref?.split('/').at(-1);
  if (named !== undefined) return valueOf(schemas[named] ?? {}, schemas);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return fc.oneof(...choices.map((each) => valueOf(each, schemas)));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => typed(type, schema, schemas)));
}

function typed(type: string, schema: Schema, schemas: Schemas): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return schema.format === 'uuid' ? id() : fc.oneof(words(), words(), oddText());
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valueOf(schema.items ?? {}, schemas), { maxLength: 4 });
    default:
      return objectOf(schema, schemas);
  }
}

function objectOf(schema: Schema, schemas: Schemas): fc.Arbitrary<unknown> {
  if (!schema.properties) return fc.dictionary(words(), fc.jsonValue({ maxDepth: 1 }));
  const properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, each]) => [name, valueOf(each, schemas)]),
  );
  return fc.record(properties, { requiredKeys: [...(schema.required ?? [])] });
}

const words = (): fc.Arbitrary<string> =>
  fc.constantFrom(
    'What is attention?',
    'Tell me more about that',
    'What is machine learning, and what is it good for?',
    'cs101',
    'Yes',
  );

/** The same with some of its parts put in place by something else. */
function mutated(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.record({ at: fc.nat(), key: fc.oneof(oddText(), words()), value: oddValue() });
  return fc
    .tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) => {
      const root = { value: structuredClone(value) };
      for (const each of changes) {
        const places = placesOf(root);
        const { holder, name } = places[each.at % places.length]!;
        // A copy: two changes may have the same object, and one would be put into itself.
        holder[each.at % 3 === 0 ? each.key : name] = structuredClone(each.value);
      }
      return root.value;
    });
}

type Holder = Record<string, unknown>;

function placesOf(root: Holder): { holder: Holder; name: string }[] {
  return Object.entries(root).flatMap(([name, value]) => [
    { holder: root, name },
    ...(typeof value === 'object' && value !== null ? placesOf(value as Holder) : []),
  ]);
}

/** Bytes of a text, with some of them cut off, changed or put in. */
function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const damage = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    put: fc.uint8Array({ maxLength: 3 }),
  });
  return fc.tuple(text, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([whole, damages]) =>
    damages.reduce((bytes, { at, remove, put }) => {
      const place = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + remove)]);
    }, Buffer.from(whole)),
  );
}

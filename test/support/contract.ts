/** A JSON Schema, as far as the OpenAPI document uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Record<string, { readonly schema?: Schema }> };
}

export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components?: { readonly schemas?: Record<string, Schema> };
}

/** One route of the contract, with what it takes. */
export interface Route {
  readonly method: string;
  /** Such as `/conversations/{id}/end`. */
  readonly path: string;
  readonly query: readonly string[];
  readonly headers: readonly string[];
  readonly body: Schema | null;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** Every route that the document names: one that is added later is found by itself. */
export function routesOf({ paths }: OpenApiDocument): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, { parameters = [], requestBody }]) => {
        const named = (place: string) =>
          parameters.filter((each) => each.in === place).map(({ name }) => name);
        return {
          method: method.toUpperCase(),
          path,
          query: named('query'),
          headers: named('header'),
          body: requestBody?.content?.['application/json']?.schema ?? null,
        };
      }),
  );
}

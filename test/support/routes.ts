import { type OpenApiDocument, routesOf } from './contract.js';
import type { Service } from './service.js';

export interface Route {
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly takesBody: boolean;
}

export const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method} ${path}`;

/** Every route that the OpenAPI document speaks of. */
export async function documentedRoutes(service: Service): Promise<Route[]> {
  const { body } = await service.request<OpenApiDocument>('GET', '/docs-json');
  return routesOf(body).map(({ method, path, body: schema }) => ({
    method,
    path,
    takesBody: schema !== null,
  }));
}

/** Every route that the server answers, as `METHOD /path/{parameter}`. */
export function servedRoutes(service: Service): string[] {
  const tree: string = service.app.getHttpAdapter().getInstance().printRoutes({
    commonPrefix: false,
  });
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, part, methods] = /^(.*)[├└]── (.*) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (indent === undefined) return [];
    // Four characters of the tree for each level.
    const level = indent.length / 4;
    parents.length = level;
    parents.push(part!);
    const path = parents.join('').replace(/:(\w+)/g, '{$1}');
    return methods!.split(', ').map((method) => `${method} ${path}`);
  });
}

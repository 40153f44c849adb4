export interface Selector {
  readonly metric: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
}

export interface Expression {
  readonly selectors: readonly Selector[];
  /** By which it is grouped. */
  readonly by: readonly string[];
}

const GROUPING = /\b(?:by|without)\s*\(([^)]*)\)/g;
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/** The metrics and labels of a PromQL expression, as simple ones are written: without comments, joins and sub-queries. */
export function readExpression(promql: string): Expression {
  const by = [...promql.matchAll(GROUPING)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim()),
  );
  const bare = promql.replace(GROUPING, ' ').replace(/\[[^\]]*\]/g, ' ');
  const selectors = [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(\(|\{[^}]*\})?/g)]
    // A name in front of a parenthesis is a function.
    .filter(([, name, next]) => next !== '(' && !WORDS.has(name!))
    .map(([, metric, matchers = '']) => ({
      metric: metric!,
      labels: [...matchers.matchAll(/(\w+)\s*=\s*"([^"]*)"/g)].map(([, name, value]) => ({
        name: name!,
        value: value!,
      })),
    }));
  return { selectors, by };
}

/**
 * An advisory on a dependency, as npm reports it.
 * @typedef {{ id: string, module: string, severity: string, title: string, url: string }} Advisory
 *
 * One that is allowed: why it does no harm here, and until when that is believed.
 * @typedef {{ advisory: string, reason: string, until: string }} Allowed
 */

/**
 * The advisories of `npm audit --json`, each once; null where the registry gave no answer.
 * @param {string} output
 * @returns {Advisory[] | null}
 */
export function readReport(output) {
  const report = parse(output);
  if (!report?.vulnerabilities) return null;
  /** @type {Map<string, Advisory>} */
  const advisories = new Map();
  for (const [module, { via = [] }] of Object.entries(report.vulnerabilities)) {
    for (const cause of via) {
      // A text names another dependency, which has an entry of its own.
      if (typeof cause === 'string') continue;
      const { url = '', severity = 'unknown', title = '' } = cause;
      const id = url.split('/').at(-1) || String(cause.source);
      advisories.set(id, { id, module: cause.name ?? module, severity, title, url });
    }
  }
  return [...advisories.values()];
}

/**
 * What fails the gate: every advisory that nobody allowed, or not any more. And what nobody needs to allow now.
 * @param {readonly Advisory[]} advisories
 * @param {readonly Allowed[]} allowed
 * @param {string} today as YYYY-MM-DD
 */
export function judge(advisories, allowed, today) {
  const valid = new Set(
    allowed.filter(({ until }) => until >= today).map(({ advisory }) => advisory),
  );
  const found = new Set(advisories.map(({ id }) => id));
  return {
    refused: advisories.filter(({ id }) => !valid.has(id)),
    unneeded: allowed.filter(({ advisory }) => !found.has(advisory)),
  };
}

/** What is wrong with the list itself, as it comes from a file. @param {unknown} list @returns {string[]} */
export function faultsOf(list) {
  if (!Array.isArray(list)) return ['the list is no list'];
  return list.flatMap((entry, at) => {
    const { advisory, reason, until } = /** @type {Partial<Allowed>} */ (entry ?? {});
    return [
      typeof advisory === 'string' && advisory !== '' ? [] : 'advisory is missing',
      typeof reason === 'string' && reason.length >= 20 ? [] : 'reason takes a sentence',
      /^\d{4}-\d\d-\d\d$/.test(until ?? '') ? [] : 'until takes a date such as 2027-01-31',
    ]
      .flat()
      .map((fault) => `entry ${at + 1}: ${fault}`);
  });
}

/**
 * @param {string} text
 * @returns {{ vulnerabilities?: Record<string, { via?: (string | Record<string, string>)[] }> } | null}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

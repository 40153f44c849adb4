// How the pages ask the service: with the token that somebody has given, and with errors in the service's own words.

/** What the service has refused, or that it could not be reached. */
export class Problem extends Error {
  /** @param {{ status: number, code: string, message: string, retryAfter?: string | null }} what */
  constructor({ status, code, message, retryAfter }) {
    super(retryAfter ? `${message} (In ${retryAfter} seconds.)` : message);
    /** 0: there was no reply. */
    this.status = status;
    this.code = code;
  }
}

/** Kept here alone: gone with the page. @type {string | null} */
let token = null;

/** @param {string | null} value */
export function useToken(value) {
  token = value;
}

/**
 * @typedef {object} Ask
 * @property {object} [body] sent as JSON
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/**
 * A reply with a status of success. @throws Problem for every other; what `signal` aborts with.
 * @param {string} method
 * @param {string} path
 * @param {Ask} [ask]
 * @returns {Promise<Response>}
 */
export async function call(method, path, { body, headers, signal } = {}) {
  const response = await fetch(path, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    credentials: 'omit',
  }).catch((/** @type {unknown} */ cause) => {
    signal?.throwIfAborted();
    throw new Problem({ status: 0, code: 'unreachable', message: `${reasonOf(cause)} Is it up?` });
  });
  if (response.ok) return response;
  throw await problemOf(response);
}

/**
 * The same for what is answered in JSON.
 * @param {string} method
 * @param {string} path
 * @param {Ask} [ask]
 */
export async function callJson(method, path, ask) {
  return (await call(method, path, ask)).json();
}

/** @param {unknown} cause */
const reasonOf = (cause) =>
  cause instanceof TypeError ? 'The service cannot be reached.' : String(cause);

/** @param {Response} response */
async function problemOf(response) {
  /** @type {{ code?: string, detail?: string, errors?: { path: string, message: string }[] }} */
  const said = await response.json().catch(() => ({}));
  const fields = said.errors?.map(({ path, message }) => ` ${path} ${message}.`).join('') ?? '';
  return new Problem({
    status: response.status,
    code: said.code ?? 'unknown',
    message: (said.detail ?? `The service answered ${response.status}.`) + fields,
    retryAfter: response.headers.get('retry-after'),
  });
}

/** What to tell a person about whatever went wrong. @param {unknown} error */
export const describe = (error) => (error instanceof Error ? error.message : String(error));

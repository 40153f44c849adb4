import pg from 'pg';

// A frozen server answers nothing, so only the client's own clock ends the wait.
export const CONNECT_TIMEOUT_MS = 2000;
export const QUERY_TIMEOUT_MS = 5000;

export const APPLICATION_NAME = 'openta-conversations';

/** A backend that is killed emits an error on its client: without a listener that would end the process. */
export class QuietClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    // The query under way fails, and says so to whoever sent it.
    this.on('error', () => undefined);
  }
}

/** Connections that are no TypeORM data source's. */
export function newPool(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    Client: QuietClient,
  });
  // Errors of idle connections: the breaker finds out by itself.
  pool.on('error', () => undefined);
  return pool;
}

import { InvalidEnvironment } from './config/variables.js';
import { failureKind, sqlstateOf } from './persistence/sqlstate.js';

/** Why the service did not start, in one line that says what to do, without addresses and passwords. */
export function describeStartFailure(error: unknown): string {
  if (error instanceof InvalidEnvironment) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return 'PORT: that port is taken; set PORT to another one';
  if (code === 'EACCES') return 'PORT, HOST: the service may not listen there';
  if (failureKind(error) === 'environment') {
    return `DATABASE_URL: Postgres refuses the service (SQLSTATE ${sqlstateOf(error)}): check user, password, database and rights`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

import { InvalidEnvironment } from './config/variables.js';
import { describeError } from './logging/describe-error.js';
import { failureKind, sqlstateOf } from './persistence/sqlstate.js';

/**
 * Why the service did not start, in one line that says what to do, without addresses and passwords. Of an error
 * that nobody foresaw, where in the code it arose.
 */
export function describeStartFailure(error: unknown): string {
  if (error instanceof InvalidEnvironment) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return 'PORT: that port is taken; set PORT to another one';
  if (code === 'EACCES') return 'PORT, HOST: the service may not listen there';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'HOST: no address of this machine';
  if (failureKind(error) === 'environment') {
    return `DATABASE_URL: Postgres refuses the service (SQLSTATE ${sqlstateOf(error)}): check user, password, database and rights`;
  }
  if (!(error instanceof Error)) return 'the service could not start';
  const { error: name, at = [] } = describeError(error);
  return [`the service could not start: ${[name, code].join(' ').trim()}`, ...at].join('\n    ');
}

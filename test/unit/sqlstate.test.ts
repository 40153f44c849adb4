import { describe, expect, it } from 'vitest';
import { failureKind, sqlstateOf } from '../../src/persistence/sqlstate.js';

const failed = (code: string) => Object.assign(new Error('as the server says it'), { code });

const KINDS: [code: string, kind: string, what: string][] = [
  ['08006', 'unavailable', 'a broken connection'],
  ['57P01', 'unavailable', 'a server that shuts down'],
  ['57P02', 'unavailable', 'a server that crashed'],
  ['57P03', 'unavailable', 'a server that starts up'],
  ['53300', 'unavailable', 'too many connections'],
  ['53100', 'transient', 'a full disk'],
  ['40P01', 'transient', 'a deadlock'],
  ['40001', 'transient', 'a serialization failure'],
  ['55P03', 'transient', 'a lock that was not to be had'],
  ['57014', 'transient', 'a cancelled statement'],
  ['25006', 'transient', 'a read-only server, as in a failover'],
  ['42501', 'environment', 'missing rights'],
  ['42P01', 'environment', 'a missing table'],
  ['42703', 'environment', 'a missing column'],
  ['28P01', 'environment', 'a wrong password'],
  ['3D000', 'environment', 'a missing database'],
  ['22021', 'poison', 'a NUL'],
  ['22P05', 'poison', 'a character without a place'],
  ['23514', 'poison', 'a check that fails'],
  ['54000', 'poison', 'a row that is too large'],
  ['ECONNREFUSED', 'unavailable', 'nobody who listens'],
  ['ECONNRESET', 'unavailable', 'a reset connection'],
  ['ETIMEDOUT', 'unavailable', 'no answer'],
];

describe('a failed statement', () => {
  it.each(KINDS)('with %s is %s: %s', (code, kind) => {
    expect(failureKind(failed(code))).toBe(kind);
  });

  it.each([
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('that the server never answered is unavailable: %s', (message) => {
    expect(failureKind(new Error(message))).toBe('unavailable');
  });

  it('is none where something else went wrong', () => {
    expect(failureKind(new TypeError('x is undefined'))).toBeNull();
    expect(failureKind('a text')).toBeNull();
    expect(failureKind(undefined)).toBeNull();
  });

  it('has the SQLSTATE that the server gave, if it gave one', () => {
    expect(sqlstateOf(failed('23505'))).toBe('23505');
    expect(sqlstateOf(failed('ECONNRESET'))).toBeNull();
    expect(sqlstateOf(new Error('none'))).toBeNull();
  });
});

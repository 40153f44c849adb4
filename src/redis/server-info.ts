export interface ServerInfo {
  /** New with each start of the server. */
  readonly runId: string;
  readonly evictionPolicy: string | null;
  readonly appendsToFile: boolean;
  /** Memory in use over the limit; 0 without a limit. */
  readonly memoryUsedRatio: number;
}

/** Reads what the service needs of INFO. @throws Error when there is no run id. */
export function readServerInfo(info: string): ServerInfo {
  const field = (name: string): string | null =>
    new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1] ?? null;
  const runId = field('run_id');
  if (runId === null) throw new Error('the server does not say its run id');
  const limit = Number(field('maxmemory') ?? 0);
  return {
    runId,
    evictionPolicy: field('maxmemory_policy'),
    appendsToFile: field('aof_enabled') === '1',
    memoryUsedRatio: limit > 0 ? Number(field('used_memory')) / limit : 0,
  };
}

/** What `accepted` cannot promise on such a server, in words for an operator; null: all well. */
export function riskOf({ evictionPolicy, appendsToFile }: ServerInfo): string | null {
  if (evictionPolicy?.startsWith('allkeys')) {
    return `maxmemory-policy ${evictionPolicy} may evict turns that are not in Postgres yet; use volatile-lru`;
  }
  if (!appendsToFile) {
    return 'without appendonly a restart loses accepted turns that are not in Postgres yet';
  }
  return null;
}

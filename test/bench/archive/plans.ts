import type { Kind } from './requests.js';
import type { Servers } from './servers.js';

const REQUESTS_OF_A_KIND = 20;
// Every statement with its plan goes into the log of these private servers.
const EXPLAINED = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
};

export interface Planned {
  /** Of statements that read turns. */
  readonly count: number;
  readonly sequential: number;
}

/** How Postgres really went about some requests of each kind. */
export async function planned(servers: Servers, kinds: readonly Kind[]): Promise<Planned> {
  await servers.restart(EXPLAINED);
  for (const { paths } of kinds) {
    for (const { path, headers } of paths.slice(0, REQUESTS_OF_A_KIND)) {
      await servers.get(path, headers);
    }
  }
  const plans = servers.postgresLog
    .split(/^\d{4}-\d\d-\d\d .*?LOG:/m)
    .filter((entry) => /Scan (using \w+ )?on conversation_messages/.test(entry));
  const sequential = plans.filter((plan) => /Seq Scan on conversation_messages/.test(plan));
  return { count: plans.length, sequential: sequential.length };
}

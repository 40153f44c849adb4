import type { HttpClient } from './http-client.js';
import { ADMIN_TOKEN } from './admin.js';

/** One sample of the service's metrics, as `dead_letters` or `sync_failures_total{reason="poison"}`; 0 when it is not there. */
export async function metricOf(service: HttpClient, name: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const { body } = await service.request<string>('GET', '/metrics', { headers });
  const line = body.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

import type { HttpClient, Reply } from './http-client.js';

export const ADMIN_TOKEN = 'an-admin-token-of-tests';

interface SweepReport {
  readonly conversations: number;
  readonly turns: number;
  readonly failed: number;
}

/** Sweeps now, or waits for the sweep that is under way, such as the one that follows a start. */
export const sweepNow = (service: HttpClient): Promise<Reply<SweepReport>> =>
  service.request('POST', '/admin/sync', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });

import { expect } from 'vitest';
import { eventually } from './eventually.js';
import type { HttpClient } from './http-client.js';

/** Resolves once everything is archived: Redis then keeps no more of a conversation than a session may hold. */
export async function trimmed(service: HttpClient): Promise<void> {
  await eventually(async () => {
    const { body } = await service.request('GET', '/health/sessions');
    expect(body).toMatchObject({ status: 'healthy', dirty_conversations: 0 });
  });
}

import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
// Far more than anything takes: it ends a test that has failed, and never decides one that passes.
const DEADLINE_MS = 15_000;

/** Repeats the check until it throws nothing, and gives its result; after the deadline, its last failure. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await delay(POLL_MS);
    }
  }
}

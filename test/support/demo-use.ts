import type { Archive } from '../../src/persistence/archive.js';
import { archiveConversation } from './figures.js';

const DAY_MS = 86_400_000;
const PAPERS = ['vaswani-2017', 'jordan-2015', 'turing-1950', 'lecun-2015'];

/**
 * Four weeks of ten users who come more and less often, the same each time but for the day that it ends on.
 * @param days until today
 */
export async function archiveUse(archive: Archive, nowMs: number, days = 28): Promise<void> {
  const today = new Date(nowMs).setUTCHours(0, 0, 0, 0);
  for (let day = 0; day < days; day++) {
    for (let user = 0; user < 10; user++) {
      const number = day * 10 + user;
      const comes = (number * 7) % (user + 2) < 2 && day >= user;
      if (!comes) continue;
      // Today's turns are of its first hours, which may be still to come: the figures take what is there.
      const atMs = today - (days - 1 - day) * DAY_MS + ((number * 5) % 14) * 3_600_000;
      const turns = Array.from({ length: 1 + (number % 3) }, (_, turn) => ({
        at: new Date(atMs + turn * 60_000).toISOString(),
        latencyMs: 200 + ((number * 7919 + turn * 104_729) % 900),
        sources: [PAPERS[(number + turn) % PAPERS.length]!],
        usage: {
          promptTokens: 300 + (number % 40) * 10,
          completionTokens: 120 + (number % 30) * 5,
        },
      }));
      await archiveConversation(archive, `student ${user}`, turns);
    }
  }
}

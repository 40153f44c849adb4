import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder that the unprivileged user of the servers can pass through; each server shuts its own. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'openta-test-'));
  await chmod(folder, 0o755);
  return folder;
}

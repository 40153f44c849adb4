import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startInstance } from '../support/instance.js';
import { archivedTurns } from '../support/archive-contents.js';
import { createDatabase, createRedis } from '../support/stores.js';

// Newer versions of Node have dropped the longer name.
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

const redis = await createRedis();
const database = await createDatabase();

it('works where it may write no file and start no process, as in a read-only container', async () => {
  const service = await startInstance({
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    NODE_OPTIONS: `${PERMISSION} --allow-fs-read=*`,
  });
  const { status, body } = await service.chat({ query: 'What is attention?' });
  expect(status).toBe(200);
  await eventually(async () => {
    expect(await archivedTurns(database, body.conversation_id!)).toHaveLength(1);
  });
  service.kill('SIGTERM');
  expect(await service.exited).toBe(0);
  expect(service.output()).not.toContain('ERR_ACCESS_DENIED');
});

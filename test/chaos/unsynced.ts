import type { Redis } from 'ioredis';
import type { FaultyRedis } from '../support/faulty-stores.js';
import type { Book } from './book.js';

const PARTITIONS = 1024;
// What is on its way to Redis arrives within this time, or is held back by the proxy.
const ARRIVED_AFTER_MS = 50;

// At one instant, whatever instances do meanwhile.
const COLLECT = `
  local found = {}
  for partition = 0, ${PARTITIONS - 1} do
    local prefix = 'conversation:{p' .. partition .. '}:'
    for _, id in ipairs(redis.call('ZRANGE', prefix .. 'dirty', 0, -1)) do
      local meta = redis.call('HMGET', prefix .. id .. ':meta', 'base', 'synced')
      if meta[1] then
        local turns = redis.call('LRANGE', prefix .. id .. ':turns', meta[2] - meta[1], -1)
        for _, turn in ipairs(turns) do found[#found + 1] = string.sub(turn, 1, 36) end
      end
    end
  end
  if ARGV[1] == 'and empty' then redis.call('FLUSHALL') end
  return found`;

/** Ids of the turns that Redis alone has. */
export async function unsyncedTurns(client: Redis): Promise<string[]> {
  return (await client.eval(COLLECT, 0, '')) as string[];
}

/** Empties Redis as FLUSHALL does, under the same run id. */
export async function emptyRedis(redis: FaultyRedis, book: Book): Promise<void> {
  book.noteGone((await redis.client.eval(COLLECT, 0, 'and empty')) as string[]);
}

/** Does to Redis what may lose turns, cut off from the instances, and books those that it lost. */
export async function losing(
  redis: FaultyRedis,
  book: Book,
  act: () => Promise<void>,
): Promise<void> {
  redis.proxy.blackhole();
  await new Promise((resolve) => setTimeout(resolve, ARRIVED_AFTER_MS));
  const before = await unsyncedTurns(redis.client);
  await act();
  const after = new Set(await unsyncedTurns(redis.client));
  book.noteGone(before.filter((id) => !after.has(id)));
  redis.proxy.pass();
}

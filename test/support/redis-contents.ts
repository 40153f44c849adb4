import { Redis } from 'ioredis';
import { afterAll } from 'vitest';

// What the service keeps about itself and its callers' pace; everything else is contents.
const HOUSEKEEPING = /:probe$|:lease$|:rate:/;

/** A client of the test's own. */
export function redisClient(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => 100 });
  client.on('error', () => undefined);
  afterAll(() => client.disconnect());
  return client;
}

/** All keys, sorted. */
export async function allKeys(client: Redis): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of client.scanStream({ count: 1000 })) keys.push(...(page as string[]));
  return keys.toSorted();
}

/** All keys but those of the service's housekeeping, sorted. */
export async function contentKeys(client: Redis): Promise<string[]> {
  return (await allKeys(client)).filter((key) => !HOUSEKEEPING.test(key));
}

/** Every key of the server with its value, as text. */
export async function everythingIn(client: Redis): Promise<string> {
  const keys = await allKeys(client);
  const values = await Promise.all(keys.map((key) => valueOf(client, key)));
  return JSON.stringify([keys, values]);
}

async function valueOf(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'string':
      return client.get(key);
    case 'hash':
      return client.hgetall(key);
    case 'list':
      return client.lrange(key, 0, -1);
    case 'zset':
      return client.zrange(key, '0', '-1', 'WITHSCORES');
    case 'set':
      return client.smembers(key);
    case 'stream':
      return client.xrange(key, '-', '+');
    case 'none':
      return null;
    default:
      throw new Error('a type of key that no test knows');
  }
}

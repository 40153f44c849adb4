import { storageUnavailable } from '../conversation/errors.js';
import { RedisUnavailable } from '../redis/lane.js';

/** Where nothing stands in for Redis, its absence is the caller's to hear of. */
export async function orUnavailable<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw error instanceof RedisUnavailable ? storageUnavailable(error) : error;
  }
}

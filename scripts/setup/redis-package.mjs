import { findRedisBinary } from '../servers/redis-binary.mjs';
import { installPackage } from './debian-package.mjs';

// Not redis-server: that package is a link into redis-tools and a service, which would be started on port 6379 now and
// at every boot. Nobody asked for that service, and the program is the same (see redis-binary.mjs).
const REDIS = { name: 'Redis', package: 'redis-tools', takes: '20 seconds' };

/**
 * Sees to it that a Redis is installed, where that needs no password; false when there is none.
 * @param {string} logFolder
 */
export async function ensureRedis(logFolder) {
  if (!findRedisBinary()) await installPackage(REDIS, logFolder);
  return findRedisBinary() !== undefined;
}

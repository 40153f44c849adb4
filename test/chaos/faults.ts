import { setTimeout as delay } from 'node:timers/promises';
import type { Proxy } from '../support/proxy.js';
import type { Book } from './book.js';
import type { Dice } from './dice.js';
import type { Instance } from './instance.js';
import type { Stage } from './stage.js';
import { emptyRedis, losing } from './unsynced.js';

/** Something that breaks, lasts as long as it is told, and is mended when it resolves. */
export interface Fault {
  readonly name: string;
  readonly strike: (lastsMs: number) => Promise<void>;
}

/** A link fails in the ways of networks. @param reply what a reply that gets lost answers */
function linkFaults(proxy: Proxy, reply: string, dice: Dice): Fault[] {
  const during = (begin: () => void) => async (lastsMs: number) => {
    begin();
    await delay(lastsMs);
    proxy.pass();
  };
  const loseReply = async (lastsMs: number) => {
    const silently = dice.chance(0.5);
    // Nothing may be asked of it in that time; then the next one's reply is lost.
    await Promise.race([proxy.loseReplyOnce(reply, { silently }), delay(lastsMs)]);
  };
  return [
    { name: 'blackhole', strike: during(() => proxy.blackhole()) },
    { name: 'replies held', strike: during(() => proxy.mute()) },
    { name: 'refuses', strike: during(() => proxy.refuse()) },
    { name: 'slow link', strike: during(() => proxy.latency(dice.between(20, 150))) },
    { name: 'reset', strike: async () => proxy.reset() },
    { name: 'reply lost', strike: loseReply },
    { name: 'reply lost', strike: loseReply },
  ];
}

export function redisFaults({ redis }: Stage, book: Book, dice: Dice): Fault[] {
  const lossy = (act: (lastsMs: number) => Promise<void>) => (lastsMs: number) =>
    losing(redis, book, () => act(lastsMs));
  return [
    ...linkFaults(redis.proxy, 'evalsha', dice),
    {
      name: 'killed',
      strike: lossy(async (lastsMs) => {
        await redis.kill();
        await delay(lastsMs / 2);
        await redis.restart();
      }),
    },
    { name: 'rolled back', strike: lossy(() => redis.rollBack()) },
    { name: 'rolled back', strike: lossy(() => redis.rollBack()) },
    { name: 'restarted empty', strike: lossy(() => redis.restartEmpty()) },
    { name: 'emptied', strike: () => emptyRedis(redis, book) },
    {
      name: 'frozen',
      strike: async (lastsMs) => {
        redis.freeze();
        await delay(lastsMs);
        redis.thaw();
      },
    },
    {
      name: 'out of memory',
      strike: async (lastsMs) => {
        await redis.fill();
        await delay(lastsMs);
        await redis.unfill();
      },
    },
    {
      name: 'read-only',
      strike: async (lastsMs) => {
        await redis.makeReadOnly();
        await delay(lastsMs);
        await redis.makeWritable();
      },
    },
    {
      name: 'snapshots fail',
      strike: async (lastsMs) => {
        await redis.breakSnapshots();
        await delay(lastsMs);
        await redis.mendSnapshots();
      },
    },
    {
      name: 'password revoked',
      strike: async (lastsMs) => {
        await redis.revoke();
        await delay(lastsMs);
        await redis.grant();
      },
    },
    {
      name: 'scripts flushed',
      strike: async () => {
        await redis.client.script('FLUSH');
      },
    },
  ];
}

export function postgresFaults({ postgres }: Stage, dice: Dice): Fault[] {
  return [
    ...linkFaults(postgres.proxy, 'commit', dice),
    {
      name: 'killed',
      strike: async (lastsMs) => {
        await postgres.kill();
        await delay(lastsMs / 2);
        await postgres.restart();
      },
    },
    {
      name: 'frozen',
      strike: async (lastsMs) => {
        postgres.freeze();
        await delay(lastsMs);
        postgres.thaw();
      },
    },
    {
      name: 'backends killed',
      strike: async (lastsMs) => {
        const untilMs = performance.now() + lastsMs / 2;
        while (performance.now() < untilMs) {
          await postgres.killBackends();
          await delay(50);
        }
      },
    },
    {
      name: 'read-only',
      strike: async (lastsMs) => {
        await postgres.makeReadOnly();
        await delay(lastsMs);
        await postgres.makeWritable();
      },
    },
    {
      name: 'insert revoked',
      strike: async (lastsMs) => {
        await postgres.revoke('insert on conversation_messages');
        await delay(lastsMs);
        await postgres.grant('insert on conversation_messages');
      },
    },
  ];
}

export function instanceFaults(instances: readonly Instance[], dice: Dice): Fault[] {
  return instances.flatMap((instance) => [
    {
      name: `${instance.name} killed`,
      strike: async () => {
        await instance.kill();
        await delay(dice.between(0, 500));
        await instance.start();
      },
    },
    {
      name: `${instance.name} restarted`,
      strike: async () => {
        await instance.terminate();
        await instance.start();
      },
    },
  ]);
}

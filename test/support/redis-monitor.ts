import { Redis } from 'ioredis';
import { afterAll } from 'vitest';

/** All that a Redis is told from now on, as its MONITOR has it. */
export async function watchRedis(url: string): Promise<{ commands(): Promise<string> }> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  afterAll(() => {
    monitor.disconnect();
    client.disconnect();
  });
  const heard: string[] = [];
  monitor.on('monitor', (_time: string, args: string[]) => heard.push(args.join(' ')));
  let marks = 0;
  return {
    commands: async () => {
      // What this mark follows has been heard by then.
      const mark = `heard-until-${++marks}`;
      await client.ping(mark);
      while (!heard.some((each) => each.endsWith(mark))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return heard.join('\n');
    },
  };
}

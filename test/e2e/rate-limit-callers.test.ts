import { Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { AuthModule } from '../../src/auth/auth.module.js';
import { ChatRateGuard } from '../../src/chat/chat-rate.guard.js';
import { EnvironmentModule } from '../../src/config/environment.module.js';
import { Environment } from '../../src/config/environment.js';
import { ProblemFilter } from '../../src/http/problem.filter.js';
import { LimitsModule } from '../../src/limits/limits.module.js';
import { type HttpClient, httpClient } from '../support/http-client.js';
import { expectProblem } from '../support/problem.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const TURN = { query: 'What is attention?' };
const client = { HISTORY_MODE: 'client', CHAT_RATE_LIMIT: '3' };
const [anna, ben] = await Promise.all([tokenOf('anna'), tokenOf('ben')]);

/** Which of these turns were let in, one after the other. */
async function letIn(service: HttpClient, headers: Record<string, string>[]): Promise<boolean[]> {
  const passed: boolean[] = [];
  for (const each of headers) {
    const reply = await service.chat(TURN, each);
    if (reply.status !== 200) expectProblem(reply, 429, 'rate_limited');
    passed.push(reply.status === 200);
  }
  return passed;
}

const from = (...addresses: string[]) => ({ 'x-forwarded-for': addresses.join(', ') });
const forwarded = (...addresses: string[]) => addresses.map((address) => from(address));

describe('the turns of a user', async () => {
  const redis = await createRedis();
  const database = await createDatabase();
  const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
  const variables = { ...stores, ...JWT_VARIABLES, CHAT_RATE_LIMIT: '30', TRUST_PROXY: '1' };
  const instances = [await startService(variables), await startService(variables)];

  it('are counted over all addresses and instances, and by user at one address', async () => {
    for (let turn = 1; turn <= 30; turn++) {
      const headers = { ...bearer(anna), ...from(`203.0.113.${turn}`) };
      expect((await instances[turn % 2]!.chat(TURN, headers)).status).toBe(200);
    }
    for (const instance of instances) {
      const headers = { ...bearer(anna), ...from('203.0.113.31') };
      const refused = await instance.chat(TURN, headers);
      expectProblem(refused, 429, 'rate_limited');
      expect(refused.headers.get('ratelimit')).toMatch(/^"chat";r=0;t=\d+$/);
      expect(refused.headers.get('ratelimit-policy')).toBe('"chat";q=30;w=60');
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
      const other = { ...bearer(ben), ...from('203.0.113.31') };
      expect((await instance.chat(TURN, other)).status).toBe(200);
    }
  });

  it('are counted under no name that could be read', async () => {
    const keys = await redisClient(redis.url).keys('*:rate:*');
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(key).toMatch(/:rate:[0-9a-f]{64}$/);
  });
});

describe('several routes with turns', async () => {
  @Controller('one')
  @UseGuards(ChatRateGuard)
  class One {
    @Post()
    ask(): string {
      return 'one';
    }

    @Get('stream')
    stream(): string {
      return 'stream';
    }
  }

  @Controller('other')
  @UseGuards(ChatRateGuard)
  class Other {
    @Post()
    ask(): string {
      return 'other';
    }
  }

  const environment = new Environment(client);
  @Module({
    imports: [
      EnvironmentModule.forRoot(environment),
      LimitsModule.forRoot(environment),
      AuthModule.forRoot(environment),
    ],
    controllers: [One, Other],
  })
  class Routes {}

  const app = await NestFactory.create<NestFastifyApplication>(Routes, new FastifyAdapter(), {
    logger: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  afterAll(() => app.close());
  const service = httpClient((await app.getUrl()).replace('[::1]', '127.0.0.1'));

  it('share one allowance', async () => {
    expect((await service.request('POST', '/one')).status).toBe(201);
    expect((await service.request('GET', '/one/stream')).status).toBe(200);
    expect((await service.request('POST', '/other')).status).toBe(201);
    expect((await service.request('POST', '/one')).status).toBe(429);
    expect((await service.request('GET', '/one/stream')).status).toBe(429);
    expect((await service.request('POST', '/other')).status).toBe(429);
  });
});

const BY_ITSELF = [
  [undefined, 'nobody is trusted'],
  ['10.0.0.0/8,fd00::/8', 'others are trusted'],
] as const;

describe.each(BY_ITSELF)('X-Forwarded-For with TRUST_PROXY=%s', async (trusted, because) => {
  const service = await startService({ ...client, ...(trusted && { TRUST_PROXY: trusted }) });

  it(`is not believed, as ${because}`, async () => {
    const turns = forwarded('203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4');
    expect(await letIn(service, turns)).toEqual([true, true, true, false]);
  });
});

describe.each(['1', '127.0.0.0/8', '127.0.0.1, ::1'])(
  'X-Forwarded-For with TRUST_PROXY=%s',
  async (trusted) => {
    const service = await startService({ ...client, TRUST_PROXY: trusted });

    it('names the caller, in the place that the proxy wrote', async () => {
      const one = forwarded('203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.1');
      expect(await letIn(service, one)).toEqual([true, true, true, false]);
      expect(await letIn(service, forwarded('203.0.113.2'))).toEqual([true]);
      // What the caller wrote there before the proxy did is worth nothing.
      const spoofed = [from('198.51.100.1', '203.0.113.1'), from('198.51.100.2', '203.0.113.1')];
      expect(await letIn(service, spoofed)).toEqual([false, false]);
    });
  },
);

describe('X-Forwarded-For with TRUST_PROXY=2', async () => {
  const service = await startService({ ...client, TRUST_PROXY: '2' });

  it('is read through two proxies', async () => {
    const turns = ['a', 'b', 'c', 'd'].map((spoof) => from(spoof, '203.0.113.1', '10.0.0.1'));
    expect(await letIn(service, turns)).toEqual([true, true, true, false]);
  });
});

describe('an address', async () => {
  const service = await startService({ ...client, TRUST_PROXY: '1' });

  it('of IPv6 counts with all others of its /64', async () => {
    const turns = ['::1', '::2', ':ffff:0:0:1', '::dead:beef'].map((tail) =>
      from(`2001:db8:0:7${tail}`),
    );
    expect(await letIn(service, turns)).toEqual([true, true, true, false]);
    expect(await letIn(service, forwarded('2001:db8:0:8::1'))).toEqual([true]);
  });

  it('of IPv4 is the same when it is written as IPv6', async () => {
    const turns = ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207', '::FFFF:192.0.2.7'];
    expect(await letIn(service, forwarded(...turns))).toEqual([true, true, true, false]);
    expect(await letIn(service, forwarded('::ffff:192.0.2.8'))).toEqual([true]);
  });

  it('that is none is counted as it is', async () => {
    const turns = ['unknown', 'unknown', 'unknown', 'unknown'];
    expect(await letIn(service, forwarded(...turns))).toEqual([true, true, true, false]);
  });
});

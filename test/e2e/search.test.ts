import { describe, expect, it } from 'vitest';
import type { SearchHitsDto } from '../../src/conversations/search.dto.js';
import { OwnClient } from '../support/conversations.js';
import { aKey } from '../support/encryption.js';
import { expectProblem } from '../support/problem.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const redis = await createRedis();
const database = await createDatabase();
const both = { REDIS_URL: redis.url, DATABASE_URL: database.url };

const searchBy = async (service: Service, user: string) => {
  const headers = bearer(await tokenOf(user));
  const own = new OwnClient(service, headers);
  const ask = (query: string) =>
    service.request<SearchHitsDto>('GET', `/conversations/search${query}`, { headers });
  const find = async (words: string) => (await ask(`?q=${encodeURIComponent(words)}`)).body.data;
  return { own, ask, find };
};

describe.each(['hybrid', 'database'])('HISTORY_MODE=%s', async (mode) => {
  const service = await startService({ HISTORY_MODE: mode, ...both, ...JWT_VARIABLES });
  const { own, ask, find } = await searchBy(service, `ada in ${mode}`);

  it('finds what was said a moment ago, whatever form the word has', async () => {
    const { id, turnId } = await own.say('Do zebras have gradients?');
    await own.say('Tell me more about that', id);
    const [hit, ...others] = await find('the zebra, perhaps');
    expect(others).toEqual([]);
    expect(hit).toEqual({
      conversation_id: id,
      turn_id: turnId,
      seq: 1,
      title: 'Do zebras have gradients?',
      snippet: expect.stringContaining('<mark>zebras</mark>'),
      score: expect.any(Number),
    });
    expect(hit!.score).toBeGreaterThan(0);
    expect(await find('unicorns')).toEqual([]);
  });

  it('finds words of other languages as they are, and the most of them first', async () => {
    await own.say('Wie wird der Eisvogel gezählt?');
    const best = await own.say('Wie wird der Eisvogel im Schilfrohr gezählt?');
    const hits = await find('Wo ist der Eisvogel im Schilfrohr?');
    expect(hits[0]).toMatchObject({ turn_id: best.turnId });
    expect(hits.filter(({ snippet }) => snippet.includes('<mark>Eisvogel</mark>'))).toHaveLength(2);
  });

  it('finds a conversation by the title that its user has given it', async () => {
    const { id, turnId } = await own.say('What is dropout?');
    await own.say('Tell me more about that', id);
    await own.change(id, { title: 'Flamingo <exam> soon' });
    expect(await find('flamingo')).toMatchObject([
      {
        conversation_id: id,
        turn_id: turnId,
        seq: 1,
        title: 'Flamingo <exam> soon',
        snippet: '<mark>Flamingo</mark> &lt;exam&gt; soon',
      },
    ]);
  });

  it('shows no markup but its own, whatever was said', async () => {
    const evil = `<img src=x onerror="alert('pelican')"> </mark>\uE000 pelican & \uE002b\uE001 <script>`;
    await own.say(evil);
    const { snippet } = (await find('pelican'))[0]!;
    expect(snippet).toContain('<mark>pelican</mark>');
    expect(snippet.replaceAll(/<\/?mark>/g, '')).not.toMatch(/[<>"']|&(?!lt;|gt;|amp;|quot;|#39;)/);
    expect(snippet.match(/<mark>/g)).toHaveLength(snippet.match(/<\/mark>/g)!.length);
    expect(snippet).not.toMatch(/[\uE000-\uE004]/);
  });

  it('takes any words for words', async () => {
    await own.say("It's a heron's \\ back|slash & ! (:*)");
    for (const words of [
      "heron's",
      "heron | ! & :* ( \\ '",
      '"heron"',
      '<-> heron:A',
      'a the heron',
    ]) {
      expect(await find(words)).toHaveLength(1);
    }
    for (const words of ['the', "'", '\\', '!', '😀']) {
      expect((await ask(`?q=${encodeURIComponent(words)}`)).status).toBe(200);
    }
  });

  it('finds nothing of anybody else, and nothing that is erased', async () => {
    const { id } = await own.say('Where do walruses live?');
    const other = await searchBy(service, 'eve');
    expect(await other.find('walruses')).toEqual([]);
    expect(await find('walruses')).toHaveLength(1);
    await service.request('DELETE', `/conversations/${id}`, own);
    expect(await find('walruses')).toEqual([]);
  });

  it('finds turns from before there was a search', async () => {
    const { id } = await own.say('How old do ibexes get?');
    await find('ibexes');
    await database.query(
      'update conversation_messages set terms = null where conversation_id = $1',
      [id],
    );
    expect(await find('ibex')).toMatchObject([{ conversation_id: id }]);
  });

  it('keeps a turn however many words it has', async () => {
    const words = Array.from({ length: 1000 }, (_, n) => String.fromCodePoint(0x20000 + n)).join(
      ' ',
    );
    const { id } = await own.say(`ocelot ${words}`);
    expect(await find('ocelot')).toMatchObject([{ conversation_id: id }]);
  });

  it('gives as many hits as are asked for, and refuses what is no question', async () => {
    for (const n of [1, 2, 3]) await own.say(`Puffin number ${n}`);
    expect((await ask('?q=puffin&limit=2')).body.data).toHaveLength(2);
    for (const [query, path] of [
      ['', 'q'],
      ['?q=%20', 'q'],
      ['?q=%00', 'q'],
      [`?q=${'x'.repeat(501)}`, 'q'],
      ['?q=a&q=b', 'q'],
      ['?q=a&limit=51', 'limit'],
    ] as const) {
      const problem = expectProblem(await ask(query), 400, 'invalid_request');
      expect(problem.errors).toMatchObject([{ path }]);
    }
  });

  it('has nothing to search in for callers without identity', async () => {
    const open = await startService({ HISTORY_MODE: mode, ...both });
    expectProblem(await open.request('GET', '/conversations/search?q=a'), 403, 'forbidden');
  });

  it('cannot search in what is encrypted, and keeps no word of it', async () => {
    const keys = { ENCRYPTION_KEYS: aKey('2026') };
    const variables = { HISTORY_MODE: mode, ...both, ...JWT_VARIABLES, ...keys };
    const sealed = await searchBy(await startService(variables), `ada in ${mode}`);
    const { id } = await sealed.own.say('Are lemurs nocturnal?');
    expectProblem(await sealed.ask('?q=lemurs'), 409, 'search_unavailable');
    expect(await find('lemurs nocturnal')).toEqual([]);
    const words =
      'select from conversation_messages where conversation_id = $1 and terms is not null';
    expect(await database.query(words, [id])).toEqual([]);
  });
});

it.each(['redis', 'client'])('cannot search with HISTORY_MODE=%s', async (mode) => {
  const service = await startService({ HISTORY_MODE: mode, ...both });
  expectProblem(await service.request('GET', '/conversations/search'), 409, 'not_in_this_mode');
});

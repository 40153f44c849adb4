import { describe, expect, it } from 'vitest';
import { openPages } from '../../scripts/setup/chromium-package.mjs';
import { Metrics as PageMetrics } from '../../pages/admin/metrics-text.js';
import { serverEvents } from '../../pages/chat/event-stream.js';
import { partsOf } from '../../pages/chat/snippet.js';
import { applyFrame, runningTurn } from '../../pages/chat/turn.js';
import { historyOf } from '../../pages/chat/unkept-history.js';
import { HIT_BEGIN, HIT_END, htmlOfSnippet } from '../../src/conversation/snippet.js';
import { Metrics } from '../../src/metrics/metrics.js';

describe('a stream of events', () => {
  const read = async (pieces: readonly Uint8Array[]) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const read: unknown[] = [];
    for await (const event of serverEvents(body)) read.push(event);
    return read;
  };
  const text = ': keep-alive\n\nid: t/1\ndata: {"delta":"été 🙂"}\n\ndata: [DONE]\n\n';
  const events = [
    { id: 't/1', data: '{"delta":"été 🙂"}' },
    { id: null, data: '[DONE]' },
  ];

  it('is the same wherever the network cuts it, in mid-character too', async () => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at <= bytes.length; at++) {
      expect(await read([bytes.slice(0, at), bytes.slice(at)])).toEqual(events);
    }
  });

  it('has no event that was cut in its middle', async () => {
    const bytes = new TextEncoder().encode(text);
    expect(await read([bytes.slice(0, -1)])).toEqual(events.slice(0, 1));
  });
});

describe('a snippet', () => {
  it('says on the page what it said before it was HTML', () => {
    const said = `<b>"a" & 'b'</b>\n&amp; &lt;mark&gt; &#39;`;
    expect(partsOf(htmlOfSnippet(said))).toEqual([{ text: said, isHit: false }]);
    const marked = `${HIT_BEGIN}<i>${HIT_END}${HIT_BEGIN}&${HIT_END} and ${HIT_BEGIN}x${HIT_END}`;
    expect(partsOf(htmlOfSnippet(marked))).toEqual([
      { text: '<i>', isHit: true },
      { text: '&', isHit: true },
      { text: ' and ', isHit: false },
      { text: 'x', isHit: true },
    ]);
  });

  it('is text where it is not what the service says', () => {
    const html = '<img src=x> <mark>one</mark> <mark>not ended &nbsp;';
    expect(partsOf(html).map(({ text }) => text)).toEqual([
      '<img src=x> ',
      'one',
      ' <mark>not ended &nbsp;',
    ]);
    expect(partsOf('')).toEqual([]);
  });
});

describe('a turn on the page', () => {
  it('links to web pages alone', () => {
    const turn = runningTurn('Why?');
    for (const url of ['https://example.org/', 'javascript:alert(1)', 'data:text/html,x']) {
      applyFrame(turn, { type: 'source-url', sourceId: 'x', title: 'X', url });
    }
    expect(turn.sources.map(({ url }) => url)).toEqual(['https://example.org/', null, null]);
  });

  it('is sent along with the newest ones before it, as many as a body takes', () => {
    const turns = Array.from({ length: 80 }, (_, number) => ({
      ...runningTurn(`question ${number}`),
      answer: number === 79 ? '' : `answer ${number}`,
    }));
    const history = historyOf(turns);
    expect(history).toHaveLength(50);
    expect(history.at(-1)).toEqual({ question: 'question 78', answer: 'answer 78', sources: [] });
    const long = turns.map((turn) => ({ ...turn, answer: 'é'.repeat(30_000) }));
    const bytes = Buffer.byteLength(JSON.stringify(historyOf(long)));
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(200_000);
  });
});

describe('the metrics on the page', () => {
  it('are those that the service tells', async () => {
    const metrics = new Metrics();
    metrics.deadLetters.set(3);
    metrics.messagesSaved.inc({ durability: 'accepted' }, 4);
    metrics.messagesSaved.inc({ durability: 'committed' }, 5);
    for (let number = 0; number < 100; number++) metrics.answerLatency.observe(0.4);
    metrics.turnLatency.observe({ step: 'total' }, 0.002);
    const read = new PageMetrics(await metrics.text());
    expect(read.sum('dead_letters')).toBe(3);
    expect(read.sum('messages_saved_total')).toBe(9);
    expect(read.sum('no_such_metric')).toBeNull();
    // Within the bucket from 0.25 to 0.5, as Prometheus guesses.
    expect(read.quantile('answer_latency_seconds', 0.95)).toBeCloseTo(0.4875);
    expect(read.quantile('turn_latency_seconds', 0.95, { step: 'recall' })).toBeNull();
    expect(read.quantile('turn_latency_seconds', 0.95, { step: 'total' })).toBeCloseTo(0.0024, 3);
  });
});

it('a browser is installed for the tests that need one', () => {
  expect(openPages([])).toBe(true);
  expect(openPages(['--bail=1', 'test/browser/admin'])).toBe(true);
  expect(openPages(['test/browser'])).toBe(true);
  expect(openPages(['test/e2e/modes.test.ts'])).toBe(false);
});

import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LlmStub } from '../../support/llm-stub.mjs';

const stub = new LlmStub();
beforeAll(() => stub.start());
afterAll(() => stub.stop());

it('is a server that the official client can stream from', async () => {
  const client = new OpenAI({ baseURL: stub.baseUrl, apiKey: 'none' });
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['fake-llm']);
  const stream = await client.chat.completions.create({
    model: 'fake-llm',
    messages: [{ role: 'user', content: 'What is  dropout?' }],
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let tokens = 0;
  for await (const { choices, usage } of stream) {
    text += choices[0]?.delta.content ?? '';
    tokens += usage?.completion_tokens ?? 0;
  }
  expect(text).toBe('You asked: What is  dropout? [1] I see 0 earlier turns.');
  expect(tokens).toBeGreaterThan(0);
});

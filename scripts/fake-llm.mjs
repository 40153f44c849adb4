// npm run fake-llm: a stand-in for a language model, to try ANSWER_ENGINE=openai without a key.
// It repeats the question and says how many earlier turns it was given. Ctrl-C ends it.
import { LlmStub } from '../test/support/llm-stub.mjs';

const DEFAULT_PORT = 8089;

const stub = new LlmStub();
try {
  await stub.start(Number(process.argv[2] ?? DEFAULT_PORT));
} catch (error) {
  console.error(
    'The port is taken or not allowed:',
    error instanceof Error ? error.message : error,
  );
  console.error('Name another one: npm run fake-llm -- 8090');
  process.exit(1);
}
console.log('Start the service with these lines in its environment:');
console.log(`ANSWER_ENGINE=openai\nOPENAI_BASE_URL=${stub.baseUrl}\nOPENAI_MODEL=fake-llm`);
console.log('Ctrl-C ends this.');
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stub.stop());

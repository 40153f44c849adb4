import { LlmStub } from './llm-stub.mjs';

/** An answer engine that counts its calls. The same question with the same history gets the same answer. */
export class CountingEngine {
  private constructor(readonly stub: LlmStub) {}

  static async start(): Promise<CountingEngine> {
    return new CountingEngine(await new LlmStub().start());
  }

  /** Makes a service use it. */
  get variables(): Record<string, string> {
    return {
      ANSWER_ENGINE: 'openai',
      OPENAI_BASE_URL: this.stub.baseUrl,
      OPENAI_MODEL: 'fake-llm',
    };
  }

  get calls(): number {
    return this.stub.requests.length;
  }

  /** Of the last prompt, oldest first; the last one is what was asked. */
  get questionsInPrompt(): string[] {
    const { messages } = this.stub.requests.at(-1)!;
    return messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  }

  callsFor(question: string): number {
    return this.stub.requests.filter(({ messages }) => messages.at(-1)?.content === question)
      .length;
  }

  stop(): Promise<void> {
    return this.stub.stop();
  }
}

import { describe, expect, it } from 'vitest';
import { countTurn, estimateTokens, loadTokenizer } from '../../src/history/tokens.js';
import { begin, goOn, type KeptReply } from '../support/chats.js';
import { aKey } from '../support/encryption.js';
import { eventually } from '../support/eventually.js';
import { createEngine } from '../support/faults.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { trimmed } from '../support/trimmed.js';

const FIRST = 'Why does dropout prevent overfitting?';
const TALK = ['What is a kernel?', 'Who wrote about Turing?', 'What is BLEU?', 'Is sleep needed?'];
const LAST = 'How did you explain that dropout prevents overfitting?';

const COUNTS = { o200k_base: await loadTokenizer(), estimate: estimateTokens };

const database = await createDatabase();
const engine = await createEngine();

async function start(mode: string, variables: Record<string, string> = {}): Promise<Service> {
  const { url } = await createRedis();
  const stores = { REDIS_URL: url, DATABASE_URL: database.url, HISTORY_MODE: mode };
  return startService({ ...stores, ...engine.variables, PRUNE_HISTORY_TO: '3', ...variables });
}

async function talk(
  service: Service,
  ready: (service: Service) => Promise<void> = async () => {},
): Promise<KeptReply> {
  const { conversation_id: id } = await begin(service, FIRST);
  for (const query of TALK) await goOn(service, id, query);
  await ready(service);
  return goOn(service, id, LAST);
}

const rowsOf = (conversationId: string) =>
  database.query<{ question: string; answer: string; tokens: number }>(
    'select question, answer, tokens from conversation_messages where conversation_id = $1 order by seq',
    [conversationId],
  );

describe('the history that the answer engine sees', () => {
  it.each(['hybrid', 'database'])(
    'holds the old turn that the question is about: %s',
    async (mode) => {
      const reply = await talk(await start(mode));
      expect(engine.questionsInPrompt).toEqual([FIRST, ...TALK.slice(-2), LAST]);
      expect(reply.history).toMatchObject({ turns_used: 3, turns_available: 5 });
    },
  );

  describe.each(['hybrid', 'database'])(
    'where the session is shorter than the talk: %s',
    (mode) => {
      const short = { MAX_MESSAGES_PER_SESSION: '3' };

      it('holds what the session has no more with HISTORY_DEPTH=all', async () => {
        const service = await start(mode, { ...short, HISTORY_DEPTH: 'all' });
        const { history } = await talk(service, trimmed);
        expect(engine.questionsInPrompt).toEqual([FIRST, ...TALK.slice(-2), LAST]);
        expect(history).toMatchObject({ turns_used: 3, turns_available: 5 });
      });

      it('holds the session alone without', async () => {
        const { history } = await talk(await start(mode, short), trimmed);
        expect(engine.questionsInPrompt).toEqual([...TALK.slice(-3), LAST]);
        expect(history).toMatchObject({ turns_used: 3, turns_available: 3 });
      });

      it('holds nothing that is sealed and that the session has no more', async () => {
        const sealed = { ENCRYPTION_KEYS: aKey('k'), HISTORY_DEPTH: 'all' };
        await talk(await start(mode, { ...short, ...sealed }), trimmed);
        expect(engine.questionsInPrompt).toEqual([...TALK.slice(-3), LAST]);
      });
    },
  );

  it('holds the newest turns where the operator wants these', async () => {
    await talk(await start('hybrid', { HISTORY_STRATEGY: 'recency' }));
    expect(engine.questionsInPrompt).toEqual([...TALK.slice(-3), LAST]);
  });

  it.each(['o200k_base', 'estimate'] as const)(
    'costs what was counted once by %s',
    async (name) => {
      const service = await start('hybrid', { HISTORY_TOKENIZER: name });
      const { conversation_id: id, history } = await talk(service);
      const rows = await eventually(async () => {
        const found = await rowsOf(id);
        expect(found).toHaveLength(TALK.length + 2);
        return found;
      });
      expect(rows.map(({ tokens }) => tokens)).toEqual(
        rows.map((row) => countTurn(row, COUNTS[name])),
      );
      const used = [rows[0]!, ...rows.slice(-3, -1)];
      expect(history.tokens).toBe(used.reduce((sum, { tokens }) => sum + tokens, 0));
    },
  );
});

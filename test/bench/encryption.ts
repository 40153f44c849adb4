import { randomUUID } from 'node:crypto';
import { openForHistory, sealTurn } from '../../src/crypto/contents.js';
import type { Vault } from '../../src/crypto/vault.js';
import { decodeTurn, encodeTurn } from '../../src/session/codec.js';
import { aKey, vaultOf } from '../support/encryption.js';
import { aPlainTurn } from '../support/turns.js';

const ROUNDS = 4000;
// As long as a session may be.
const HISTORY_TURNS = 50;

const CITATION = {
  id: 'vaswani-2017',
  title: 'Attention Is All You Need',
  url: 'https://arxiv.org/abs/1706.03762',
  snippet: 'A sentence of the usual length, which says what the answer is made from. '.repeat(2),
  score: 0.71,
};
const turn = aPlainTurn({
  question: 'What is attention, and why does it help with long sentences? '.repeat(2),
  answer: 'An answer of three sentences of the usual length, each from a paper. [1] '.repeat(8),
  context: {
    citations: [CITATION, CITATION, CITATION],
    history: { source: 'hot', turns_used: 9, turns_available: 9, tokens: 900 },
  },
  metadata: { course: 'cs101' },
});

/** Microseconds of CPU for one run of the work. */
function cpuOf(work: () => unknown): number {
  for (let round = 0; round < ROUNDS / 10; round++) work();
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ROUNDS;
}

function measure(vault: Vault): { write: number; read: number } {
  const id = randomUUID();
  const sealer = vault.sealer(id, '');
  const encoded = encodeTurn(sealTurn(turn, sealer, null));
  const { keyring } = sealer;
  return {
    write: cpuOf(() => encodeTurn(sealTurn(turn, vault.sealer(id, keyring), null))),
    read: cpuOf(() => {
      const opener = vault.opener(id, keyring);
      return Array.from({ length: HISTORY_TURNS }, () =>
        openForHistory(decodeTurn(encoded), opener),
      );
    }),
  };
}

export function main(): void {
  const [plain, sealed] = [measure(vaultOf()), measure(vaultOf(aKey('bench')))];
  const line = (what: string, one: number, other: number) =>
    console.log(`${what}: ${one.toFixed(0)} µs as it is, ${other.toFixed(0)} µs encrypted`);
  line('a turn for Redis', plain.write, sealed.write);
  line(`a history of ${HISTORY_TURNS} turns`, plain.read, sealed.read);
}

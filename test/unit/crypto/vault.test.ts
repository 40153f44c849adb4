import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { entriesOf, keyringOf, mergeKeyrings } from '../../../src/conversation/keyring.js';
import type { StoredTurn } from '../../../src/conversation/stored-turn.js';
import { openTurn, sealTurn } from '../../../src/crypto/contents.js';
import { aKey, vaultOf } from '../../support/encryption.js';
import { aPlainTurn } from '../../support/turns.js';

const [OLD, NEW] = [aKey('2025'), aKey('2026')];
const id = randomUUID();
const turn = aPlainTurn({
  question: '',
  answer: 'An answer 👩‍🔬 of some length.',
  metadata: { course: 'cs101', nested: [null, { deep: 1 }] },
});
const vault = vaultOf(NEW, OLD);
const failed = expect.objectContaining({ code: 'decryption_failed' }) as Error;

function sealedTurn(by = vault, keyring = '') {
  const sealer = by.sealer(id, keyring);
  return { stored: sealTurn(turn, sealer, null), keyring: sealer.keyring };
}

describe('a turn', () => {
  it('is the same when it is opened again', () => {
    const { stored, keyring } = sealedTurn();
    expect(openTurn(stored, vault.opener(id, keyring))).toEqual(turn);
  });

  it('shows its sources, counts and times alone while it is sealed', () => {
    const { stored } = sealedTurn();
    for (const field of ['id', 'sources', 'createdAt', 'model', 'usage', 'status'] as const) {
      expect(stored[field]).toEqual(turn[field]);
    }
    for (const field of ['question', 'answer', 'context', 'metadata'] as const) {
      expect(stored[field]).toMatch(/^"?[\w-]{38,}"?$/);
    }
  });

  it('is stored as it was said where there are no keys, and read where there are', () => {
    const sealer = vaultOf().sealer(id, '');
    const stored = sealTurn(turn, sealer, null);
    expect(stored).toMatchObject({ question: turn.question, answer: turn.answer, keyId: null });
    expect(sealer.keyring).toBe('');
    expect(openTurn(stored, vault.opener(id, ''))).toEqual(turn);
  });

  const swaps: [string, (stored: StoredTurn, other: StoredTurn) => Partial<StoredTurn>][] = [
    ['the question for the answer', ({ answer }) => ({ question: answer })],
    ['the metadata for the context', ({ context }) => ({ metadata: context })],
    ['the answer of another turn', (_, { answer }) => ({ answer })],
    ['the context of another turn', (_, { context }) => ({ context })],
    ['plain contents under its key', () => ({ context: '{"citations":[]}' })],
    ['the key of nothing', () => ({ keyId: 'AAAAAAAAAAA' })],
  ];

  it.each(swaps)('is refused with %s', (_, swap) => {
    const { stored, keyring } = sealedTurn();
    const other = sealTurn(aPlainTurn({ metadata: {} }), vault.sealer(id, keyring), null);
    const changed = { ...stored, ...swap(stored, other) };
    expect(() => openTurn(changed, vault.opener(id, keyring))).toThrow(failed);
  });

  it('is refused in another conversation, also with the keyring of its own', () => {
    const { stored, keyring } = sealedTurn();
    expect(() => openTurn(stored, vault.opener(randomUUID(), keyring))).toThrow(failed);
  });

  it.each([
    ['without its keyring', vault, () => ''],
    ['without the key that wraps its data key', vaultOf(OLD), (keyring: string) => keyring],
    ['without any key', vaultOf(), (keyring: string) => keyring],
    ['with another key of the same name', vaultOf(aKey('2026')), (keyring: string) => keyring],
  ])('is refused %s, never shown as something else', (_, by, change) => {
    const { stored, keyring } = sealedTurn();
    expect(() => openTurn(stored, by.opener(id, change(keyring)))).toThrow(failed);
  });
});

describe('a keyring', () => {
  it('gives every turn of a conversation the same data key, and each conversation another', () => {
    const { keyring } = sealedTurn();
    const again = vault.sealer(id, keyring);
    expect(again.keyId).toBe(entriesOf(keyring)[0]!.dataKeyId);
    expect(vault.sealer(randomUUID(), '').keyId).not.toBe(again.keyId);
    // Of another conversation, it is no keyring at all.
    expect(vault.sealer(randomUUID(), keyring).keyId).not.toBe(again.keyId);
  });

  it('keeps the keys of both instances that sealed the first turn at once', () => {
    const [one, other] = [sealedTurn(), sealedTurn()];
    const keyring = mergeKeyrings(one.keyring, other.keyring);
    for (const { stored } of [one, other]) {
      expect(openTurn(stored, vault.opener(id, keyring))).toEqual(turn);
    }
    expect(vault.sealer(id, keyring).keyId).toBe(other.stored.keyId);
    expect(mergeKeyrings(keyring, one.keyring)).toBe(keyring);
  });

  it('of which the newest key cannot be unwrapped is written under an older one', () => {
    const [readable, foreign] = [sealedTurn(), sealedTurn(vaultOf(aKey('elsewhere')))];
    const keyring = mergeKeyrings(readable.keyring, foreign.keyring);
    expect(vault.sealer(id, keyring).keyId).toBe(readable.stored.keyId);
  });

  it('is wrapped by the first key of all once it is rewrapped, and opens without the others', () => {
    const { stored, keyring } = sealedTurn(vaultOf(OLD));
    const rewrapped = vault.rewrap(id, keyring);
    expect(rewrapped.isUnreadable).toBe(false);
    expect(entriesOf(rewrapped.keyring)).toMatchObject([{ wrappingKeyId: '2026' }]);
    expect(openTurn(stored, vaultOf(NEW).opener(id, rewrapped.keyring))).toEqual(turn);
    expect(vault.rewrap(id, rewrapped.keyring).keyring).toBe(rewrapped.keyring);
  });

  it('is wrapped anew by whoever seals the next turn, too', () => {
    const { keyring } = sealedTurn(vaultOf(OLD));
    const { keyId, keyring: entry } = vault.sealer(id, keyring);
    expect(entriesOf(entry)).toMatchObject([{ dataKeyId: keyId, wrappingKeyId: '2026' }]);
  });

  it('is left as it is where no key unwraps it, and says so', () => {
    const { keyring } = sealedTurn(vaultOf(OLD));
    const kept = { keyring, isUnreadable: true };
    expect(vaultOf(NEW).rewrap(id, keyring)).toEqual(kept);
    // Under the same name, it looks current.
    expect(vaultOf(aKey('2025')).rewrap(id, keyring)).toEqual(kept);
    expect(vault.rewrap(randomUUID(), keyring)).toEqual(kept);
  });

  it('that was changed opens nothing', () => {
    const { stored, keyring } = sealedTurn();
    const [entry] = entriesOf(keyring);
    const renamed = keyringOf([{ ...entry!, dataKeyId: 'AAAAAAAAAAA' }]);
    const claimed = { ...stored, keyId: 'AAAAAAAAAAA' };
    expect(() => openTurn(claimed, vault.opener(id, renamed))).toThrow(failed);
    for (const text of ['x', 'a:b', 'a:b:c:d', ',', `${keyring}x`]) {
      expect(() => openTurn(stored, vault.opener(id, text))).toThrow(failed);
    }
  });
});

import type { KeyObject } from 'node:crypto';
import type { Conversation } from '../conversation/conversation.js';
import type { StoredDescription } from '../conversation/stored-conversations.js';
import type { StoredConversation, StoredText, StoredTurn } from '../conversation/stored-turn.js';
import type { EarlierTurn, Metadata, Turn, TurnContext } from '../conversation/turn.js';
import type { Opener } from './opener.js';
import type { Sealer } from './sealer.js';
import { sealTopics } from './topics.js';

// What is sealed of a turn and of a conversation. The names are part of what is sealed: they never change.
const OF_CONVERSATION = '';

/** @param topicKey null: its topics are not counted */
export function sealTurn(turn: Turn, sealer: Sealer, topicKey: KeyObject | null): StoredTurn {
  const { id, question, answer, context, metadata } = turn;
  return {
    ...turn,
    question: sealer.text(question, id, 'question'),
    answer: sealer.text(answer, id, 'answer'),
    context: sealer.json(context, id, 'context'),
    metadata: metadata && sealer.json(metadata, id, 'metadata'),
    keyId: sealer.keyId,
    topics: topicKey && sealTopics(turn, sealer, topicKey),
  };
}

/** @throws ServiceError decryption_failed. */
export function openTurn(stored: StoredTurn, opener: Opener): Turn {
  const { keyId, topics: _, ...turn } = stored;
  const { id, question, answer, context, metadata } = turn;
  return {
    ...turn,
    ...openTexts({ id, keyId, question, answer }, opener),
    context: opener.json<TurnContext>(context, keyId, id, 'context'),
    metadata: metadata === null ? null : opener.json<Metadata>(metadata, keyId, id, 'metadata'),
  };
}

/** What the prompt is made from: half the work of opening it all. @throws ServiceError decryption_failed. */
export function openForHistory(turn: StoredTurn, opener: Opener): EarlierTurn {
  const { id, createdAt, sources, tokens } = turn;
  return { id, createdAt, sources, tokens, ...openTexts(turn, opener) };
}

export const sealTitle = (title: string, sealer: Sealer): StoredText => ({
  text: sealer.text(title, OF_CONVERSATION, 'title'),
  keyId: sealer.keyId,
});

/** Title and metadata, under one key. */
export function sealDescription(
  { title, metadata }: Pick<Conversation, 'title' | 'metadata'>,
  sealer: Sealer,
): Omit<StoredDescription, 'isArchived'> {
  return {
    title: title === null ? null : sealTitle(title, sealer).text,
    metadata: metadata && sealer.json(metadata, OF_CONVERSATION, 'metadata'),
    keyId: sealer.keyId,
    keyring: sealer.keyring,
  };
}

/** @throws ServiceError decryption_failed. */
export function openConversation(stored: StoredConversation, opener: Opener): Conversation {
  const { id, owner, createdAt, lastActivity, turnCount, isArchived, title, metadata } = stored;
  const place = [stored.keyId, OF_CONVERSATION] as const;
  return {
    id,
    owner,
    createdAt,
    lastActivity,
    turnCount,
    isArchived,
    title: title === null ? null : opener.text(title, ...place, 'title'),
    metadata: metadata === null ? null : opener.json<Metadata>(metadata, ...place, 'metadata'),
  };
}

function openTexts(
  turn: Pick<StoredTurn, 'id' | 'keyId' | 'question' | 'answer'>,
  opener: Opener,
): { question: string; answer: string } {
  const { id, keyId, question, answer } = turn;
  return {
    question: opener.text(question, keyId, id, 'question'),
    answer: opener.text(answer, keyId, id, 'answer'),
  };
}

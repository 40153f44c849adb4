import { hasCode } from '../conversation/errors.js';
import { openTopic } from '../crypto/topics.js';
import type { Vault } from '../crypto/vault.js';
import type { TopicFigures } from '../persistence/figures.statements.js';
import type { KeywordFigures } from '../persistence/keyword.statements.js';

/** So many times the topics that are shown are counted: words that say no more than their phrases go. */
export const COUNTED_FOR_ONE = 3;

// Who asks for "machine" asks for "machine learning", if every other time it is that.
const SHARE_OF_PHRASE = 0.5;

/** The phrases in words, in the order that they came in. One whose key is missing is left out. */
export function keywordTopics(
  counted: readonly KeywordFigures[],
  vault: Vault,
  maxTopics: number,
): TopicFigures[] {
  const topics = counted.flatMap((figures): TopicFigures[] => {
    const topic = labelOf(figures, vault);
    return topic === undefined ? [] : [{ topic, turns: figures.turns, users: figures.users }];
  });
  const phrases = topics.filter(({ topic }) => topic.includes(' '));
  const saysMore = ({ topic, turns }: TopicFigures) =>
    topic.includes(' ') ||
    !phrases.some(
      (phrase) =>
        phrase.topic.split(' ').includes(topic) && phrase.turns >= SHARE_OF_PHRASE * turns,
    );
  return topics.filter(saysMore).slice(0, maxTopics);
}

function labelOf(figures: KeywordFigures, vault: Vault): string | undefined {
  const { topics, token, turn, conversationId, keyring } = figures;
  try {
    return openTopic(topics, token, turn, vault.opener(conversationId, keyring));
  } catch (error) {
    if (hasCode(error, 'decryption_failed')) return undefined;
    throw error;
  }
}

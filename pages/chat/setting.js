import { StoredValue } from './browser-store.js';
import { OwnConversations, RememberedConversations } from './conversations.js';
import { Papers } from './papers.js';

/**
 * @typedef {object} Settings
 * @property {'none' | 'jwt'} auth
 * @property {'hybrid' | 'redis' | 'database' | 'client'} history_mode
 * @property {boolean} has_search
 * @property {boolean} docs
 */

/**
 * What the page keeps in the browser: of somebody who has an identity, nothing but the question that is being
 * answered, as the browser may be everybody's. The open conversation and the question are the tab's alone.
 * @param {Settings} settings
 */
export function keepsakes({ auth, history_mode: mode }) {
  const local = () => (auth === 'none' && mode !== 'client' ? localStorage : null);
  const tab = () => (mode === 'client' ? null : sessionStorage);
  const stored = new StoredValue(local, 'openta.conversations', []);
  // Redis alone cannot list anybody's.
  const hasLists = auth === 'jwt' && (mode === 'hybrid' || mode === 'database');
  /** @type {import('./conversations.js').Conversations} */
  const conversations = hasLists ? new OwnConversations() : new RememberedConversations(stored);
  return {
    conversations,
    papers: new Papers(new StoredValue(local, 'openta.papers', [])),
    asked: new StoredValue(tab, 'openta.asked', {}),
    open: new StoredValue(tab, 'openta.open', null),
  };
}

/** Where the conversations on the left come from; null: from the service, as one expects. @param {Settings} settings */
export function whereConversationsAre({ auth, history_mode: mode }) {
  if (mode === 'client') return 'This service keeps no conversations.';
  if (auth === 'none') return 'Nobody signs in here, so this browser alone remembers these.';
  return mode === 'redis' ? 'Only those of this page: the service keeps no lists.' : null;
}

import { byId } from '../shared/elements.js';
import { callJson, describe, Problem, useToken } from '../shared/http.js';
import { Composer } from './composer.js';
import { Drawer } from './drawer.js';
import { ListView } from './list-view.js';
import { LogView } from './log-view.js';
import { Search } from './search.js';
import { keepsakes, whereConversationsAre } from './setting.js';
import { Talk } from './talk.js';

/** @type {import('./setting.js').Settings} */
const settings = await callJson('GET', '/pages/shared/settings.json');
const isKeeping = settings.history_mode !== 'client';
const NOTICES = {
  kept: null,
  incognito: 'Incognito: nothing of this is kept anywhere. It is gone when you leave it.',
  client: 'This service keeps nothing: what is said here is gone when you leave it.',
};

const page = {
  title: byId('title', HTMLElement),
  notice: byId('notice', HTMLElement),
  welcome: byId('welcome', HTMLElement),
  status: byId('status', HTMLElement),
  signIn: byId('sign-in', HTMLFormElement),
  token: byId('token', HTMLInputElement),
  signOut: byId('sign-out', HTMLButtonElement),
  incognito: byId('incognito', HTMLInputElement),
  otherList: byId('other-list', HTMLElement),
};
let kept = keepsakes(settings);
let isSignedIn = settings.auth === 'none';
let talk = newTalk();

const drawer = new Drawer();
const composer = new Composer({ ask, stop: () => attempt(() => talk.stop()) });
const log = new LogView(byId('log', HTMLElement), {
  askAgain: (turn) => attempt(() => talk.askAgain(turn)),
  older: () => attempt(() => talk.loadOlder()),
});
const list = new ListView(byId('conversations', HTMLElement), {
  open: (id) => {
    drawer.close();
    void open(id);
  },
  rename: (id, title) => attempt(() => kept.conversations.rename(id, title), id),
  archive: (id, isArchived) => attempt(() => kept.conversations.archive(id, isArchived), id),
  erase: async (id) => {
    await attempt(() => kept.conversations.erase(id), id);
    if (talk.id === id && !kept.conversations.find(id)) begin();
  },
  load: (isArchived) => attempt(() => kept.conversations.load(isArchived)),
  more: (isArchived) => attempt(() => kept.conversations.loadMore(isArchived)),
});
const search = new Search({
  attempt,
  open: (hit) => {
    drawer.close();
    void open(hit.conversation_id, hit);
  },
});

/** @param {import('./talk.js').TalkOptions['kind']} [kind] */
function newTalk(kind = isKeeping ? 'kept' : 'client') {
  /** @type {Talk} */
  const made = new Talk({
    kind,
    // An incognito answer leaves no paper behind, either.
    papers:
      kind === 'kept' ? kept.papers : keepsakes({ ...settings, history_mode: 'client' }).papers,
    asked: kept.asked,
    onChange: () => made === talk && show(),
    onBegun: (id, question) => {
      if (made === talk) kept.open.set(id);
      kept.conversations.goesOn(id, question);
      show();
    },
    onNothingKept: (id) => {
      kept.conversations.forget(id);
      if (kept.open.get() === id) kept.open.set(null);
    },
  });
  return made;
}

/** Shows another talk in place of the one before. @param {Talk} next */
function change(next) {
  talk.leave();
  talk = next;
  kept.open.set(next.id);
  page.status.textContent = '';
  page.incognito.checked = next.kind === 'incognito';
  show();
}

/** @param {import('./talk.js').TalkOptions['kind']} [kind] */
function begin(kind) {
  change(newTalk(kind));
  composer.focus();
}

/** @param {string} id @param {import('./search.js').Hit | null} [hit] where it is to be opened */
async function open(id, hit = null) {
  const next = newTalk();
  next.id = id;
  change(next);
  log.seek(hit && hit.turn_id);
  await Promise.all([hit && meet(id), attempt(() => next.open(id, hit && hit.seq))]);
}

/** What is open may be in no list that was read, as where it is archived. @param {string} id */
async function meet(id) {
  if (!kept.conversations.find(id)) await attempt(() => kept.conversations.meet(id), id);
}

/** @param {string} question */
async function ask(question) {
  const asked = talk;
  await attempt(() => asked.ask(question));
  const { id, turns } = asked;
  const isBegun = turns.length === 1 && turns[0]?.seq !== null;
  if (isBegun && id !== null) await attempt(() => kept.conversations.refresh(id));
}

/** Does it, and says what went wrong. @param {() => unknown} act @param {string | null} [id] of the conversation that it is about */
async function attempt(act, id = talk.id) {
  page.status.textContent = '';
  try {
    await act();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    if (!(error instanceof Problem)) console.error(error);
    else if (error.code === 'conversation_not_found' && id !== null) {
      kept.conversations.forget(id);
      if (kept.open.get() === id) kept.open.set(null);
    } else if (error.status === 401) signOut();
    page.status.textContent = describe(error);
  }
  show();
}

function show() {
  const opened = talk.id === null ? undefined : kept.conversations.find(talk.id);
  page.title.textContent = opened?.title ?? 'New conversation';
  page.notice.textContent = NOTICES[talk.kind];
  page.notice.hidden = NOTICES[talk.kind] === null;
  page.welcome.hidden = !isSignedIn || talk.turns.length > 0 || talk.id !== null;
  page.signIn.hidden = isSignedIn;
  page.signOut.hidden = settings.auth === 'none' || !isSignedIn;
  page.otherList.hidden = !isSignedIn || !isKeeping;
  search.hide(!isSignedIn || !settings.has_search);
  composer.hide(!isSignedIn);
  composer.show(talk.isAnswering);
  list.show(kept.conversations, talk.id);
  log.plan(() => talk);
}

function signOut() {
  useToken(null);
  isSignedIn = false;
  kept = keepsakes(settings);
  search.clear();
  change(newTalk());
  page.token.focus();
}

async function start() {
  const last = kept.open.get();
  // Both at once: nobody who asks meanwhile loses the talk that they asked in.
  const opened = isSignedIn && typeof last === 'string' ? open(last) : undefined;
  await attempt(() => kept.conversations.load(false));
  await opened;
  const id = kept.open.get();
  if (id !== null) await meet(id);
}

page.signIn.addEventListener('submit', (event) => {
  event.preventDefault();
  useToken(page.token.value.trim());
  page.token.value = '';
  isSignedIn = true;
  kept = keepsakes(settings);
  void start();
});
page.signOut.addEventListener('click', signOut);
page.incognito.addEventListener('change', () =>
  begin(page.incognito.checked ? 'incognito' : 'kept'),
);
byId('new', HTMLButtonElement).addEventListener('click', () => {
  drawer.close();
  begin();
});
byId('incognito-label', HTMLElement).hidden = !isKeeping;
byId('docs', HTMLAnchorElement).hidden = !settings.docs;
const where = byId('remembered', HTMLElement);
where.textContent = whereConversationsAre(settings);
where.hidden = where.textContent === '';
show();
if (isSignedIn) await start();

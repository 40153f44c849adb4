import { byId } from '../shared/elements.js';
import { call, callJson, describe, Problem, useToken } from '../shared/http.js';
import { Analytics } from './analytics.js';
import { saveTable } from './csv.js';
import { DeadLetters } from './dead-letters.js';
import { asMany, asTime } from './figures.js';
import { Metrics } from './metrics-text.js';
import { showTiles } from './tiles.js';

const LOOK_EVERY_MS = 3000;

/** @type {{ history_mode: string, has_admins: boolean, open_metrics: boolean, topics: import('./topics.js').By }} */
const settings = await callJson('GET', '/pages/shared/settings.json');
const { history_mode: mode } = settings;
const has = {
  sweep: mode === 'hybrid',
  letters: mode === 'hybrid',
  analytics: mode === 'hybrid' || mode === 'database',
};

const page = {
  status: byId('status', HTMLElement),
  updated: byId('updated', HTMLElement),
  tiles: byId('tiles', HTMLElement),
  signIn: byId('sign-in', HTMLFormElement),
  token: byId('token', HTMLInputElement),
  signOut: byId('sign-out', HTMLButtonElement),
  sweep: byId('sweep', HTMLButtonElement),
  letters: byId('letters', HTMLElement),
  use: byId('use', HTMLElement),
  range: byId('range', HTMLSelectElement),
  topicsBy: byId('topics-by', HTMLSelectElement),
};
let isSignedIn = false;

const letters = new DeadLetters(byId('letters-table', HTMLElement), say);
const analytics = new Analytics(byId('charts', HTMLElement), (table) =>
  attempt(() => saveTable(table)),
);

/** @param {string} line */
function say(line) {
  page.status.textContent = line;
}

/** Does it; says what went wrong, and asks for another token where this one is refused. @param {() => unknown} act */
async function attempt(act) {
  say('');
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    else if (isSignedIn && (error.status === 401 || error.status === 403)) signOut();
    say(describe(error));
  }
}

/** The live state, again and again while somebody can see it. */
async function watch() {
  for (;;) {
    if (!document.hidden) await look();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function look() {
  const maySeeMetrics = settings.open_metrics || isSignedIn;
  try {
    const [health, text] = await Promise.all([
      callJson('GET', '/health/sessions'),
      maySeeMetrics && call('GET', '/metrics').then((reply) => reply.text()),
    ]);
    showTiles(page.tiles, health, text ? new Metrics(text) : null, Date.now());
    page.updated.textContent = `as of ${new Date().toLocaleTimeString('en')}`;
    page.tiles.classList.remove('stale');
  } catch (error) {
    page.updated.textContent = describe(error);
    page.tiles.classList.add('stale');
  }
}

async function sweep() {
  page.sweep.disabled = true;
  await attempt(async () => {
    const swept = await callJson('POST', '/admin/sync');
    const { conversations, turns, failed, dead_letters: refused, duration_ms: ms } = swept;
    const found = `${asMany(turns, 'turn')} of ${asMany(conversations, 'conversation')}`;
    const fates = `${failed} failed, ${asMany(refused, 'dead letter')}`;
    say(`Swept ${found} in ${asTime(ms / 1000)}; ${fates}.`);
    await Promise.all([look(), letters.load()]);
  });
  page.sweep.disabled = false;
}

function loadUse() {
  const topicsBy = /** @type {import('./topics.js').By} */ (page.topicsBy.value);
  const wanted = { days: Number(page.range.value), topicsBy };
  return attempt(() => analytics.load(wanted, Date.now()));
}

function show() {
  page.signIn.hidden = isSignedIn || !settings.has_admins;
  page.signOut.hidden = !isSignedIn;
  page.sweep.hidden = !isSignedIn || !has.sweep;
  page.letters.hidden = !isSignedIn || !has.letters;
  page.use.hidden = !isSignedIn || !has.analytics;
}

/** @param {string} token */
async function signIn(token) {
  useToken(token);
  isSignedIn = true;
  await attempt(async () => {
    // Which token an administrator has, any of their routes knows.
    if (has.letters) await letters.load();
    show();
    await Promise.all([look(), has.analytics && loadUse()]);
  });
}

function signOut() {
  useToken(null);
  isSignedIn = false;
  analytics.clear();
  show();
  page.token.focus();
}

page.signIn.addEventListener('submit', (event) => {
  event.preventDefault();
  const token = page.token.value.trim();
  page.token.value = '';
  void signIn(token);
});
page.signOut.addEventListener('click', signOut);
page.sweep.addEventListener('click', sweep);
page.range.addEventListener('change', loadUse);
page.topicsBy.addEventListener('change', loadUse);
byId('topics-choice', HTMLElement).hidden = settings.topics !== 'keywords';
byId('no-admins', HTMLElement).hidden = settings.has_admins;
show();
await watch();

import { readAddress, writeAddress } from './address.js';
import { key } from './api.js';
import { CodePanel } from './code/code-panel.js';
import { Download, fileKinds, parametersOf } from './download.js';
import { ParameterForm } from './form.js';
import { askAfterRefusal, askForKey } from './key-dialog.js';
import { clearProblem, showProblem } from './problems.js';
import { RunView } from './run-view.js';
import { loadGenerators, loadQueries } from './sources.js';
import { NotSignedIn, showUser } from './user/user.js';
import { whenFirstShown } from './views.js';

const at = (id) => document.getElementById(id);
const form = new ParameterForm(at('fields'));
const view = new RunView();
const download = new Download(at('download'), showFailure);
const code = new CodePanel((text) => view.say(text));

// In the page's address: a query that could be followed is read once.
const notLive = 'off';

let sources = [];
let chosen;

// The address with which the page was opened is shown once, as soon as its query is known.
let isAddressDue = true;

// The address of what is on the screen.
let shownAddress = '';

// Who waits for an answer looks whether it is still the last one that was asked for.
let loading;
let running;

at('source').addEventListener('change', () => {
  isAddressDue = false;
  choose();
  writeAddress(selected().name, parameters());
});
at('follow').addEventListener('change', updateLinks);
at('fields').addEventListener('input', updateLinks);
at('format').addEventListener('change', updateLinks);
at('form').addEventListener('submit', (submit) => {
  submit.preventDefault();
  isAddressDue = false;
  writeAddress(selected().name, parameters(), { isStarted: true });
  start();
});
at('change-key').addEventListener('click', async () => {
  if (await askForKey('Another key, for the next requests.')) await load();
});
// Back and forward show again what was started there.
addEventListener('popstate', ({ state }) => {
  const isShown = location.hash === shownAddress;
  if (isShown && readAddress()?.name === selected()?.name) return;
  if (showAddress() && !isShown && state?.isStarted) start();
});

whenFirstShown('queries', load);

/** Gets the catalogue; asks for a key until it is had, or done without. */
async function load() {
  const mine = loading = {};
  clearProblem();
  const generators = loadGenerators();
  // If they can't be had, that is told below.
  generators.catch(() => {});
  try {
    const loaded = await loadQueries();
    const list = [...loaded.queries, ...await generators];
    if (mine !== loading) return;
    offer(list);
    if (loaded.complaints.length > 0) showProblem('Not every query can be used', ...loaded.complaints);
    else if (isAddressDue && readAddress()) showProblem('There is no such query here', `The address names ${readAddress().name}.`);
  } catch (error) {
    const list = await generators.catch(() => []);
    if (mine !== loading) return;
    offer(list);
    if (error.status === 401 && await askAfterRefusal(error.problem?.detail)) return load();
    showFailure(error);
  }
}

function offer(list) {
  const before = selected()?.name;
  sources = list;
  at('change-key').hidden = !key.value;
  at('source').replaceChildren(...list.map(({ name, access }) => new Option(access === 'user' ? `${name} (sign in)` : name, name)));
  showUser(list.some(({ access }) => access === 'user'));
  if (list.some(({ name }) => name === before)) at('source').value = before;
  if (!isAddressDue || !showAddress()) choose();
}

function selected() {
  return sources[at('source').selectedIndex];
}

/** Fills in what the address says; gives whether it names something that is known. */
function showAddress() {
  const address = readAddress();
  if (!address || !sources.some(({ name }) => name === address.name)) return false;
  isAddressDue = false;
  at('source').value = address.name;
  choose();
  form.fill(address.parameters);
  at('follow').checked = address.parameters.get('live') !== notLive;
  updateLinks();
  return true;
}

function choose() {
  const source = selected();
  at('start').disabled = !source;
  at('follow-field').hidden = !source?.live;
  if (source?.name !== chosen) at('follow').checked = Boolean(source?.live);
  chosen = source?.name;
  if (!source) {
    at('summary').textContent = 'There is no query and no generator yet.';
    return;
  }
  const audience = source.access === 'user' ? ['For users who have signed in, each with rows of their own'] : [];
  at('summary').textContent = [source.summary.replace(/\.$/, ''), ...audience].filter(Boolean).join('. ');
  at('doubts').hidden = source.warnings.length === 0;
  at('doubts-list').replaceChildren(...source.warnings.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
  form.show(source);
  const format = at('format').value || 'csv';
  at('format').replaceChildren(...fileKinds(source.formats).map(({ value, text }) => new Option(text, value)));
  at('format').value = format;
  updateLinks();
}

function isLive() {
  return !at('follow-field').hidden && at('follow').checked;
}

/** What the address says: what is asked for, without what only a format needs. */
function parameters() {
  const live = selected().live ? [['live', isLive() ? 'sse' : notLive]] : [];
  return new URLSearchParams([...form.parameters, ...live]);
}

/** The link and the code are those of what is chosen. */
function updateLinks() {
  const source = selected();
  if (!source) return code.update(null);
  form.allowLimit(!isLive());
  const kind = at('format').value;
  download.update(form.url(parametersOf(kind)), kind, source.access === 'user');
  const secret = source.access === 'user' ? 'token' : (source.access === 'function' && key.value ? 'key' : 'none');
  code.update({ url: form.url(isLive() ? { live: 'sse' } : {}), isLive: isLive(), isText: !source.isQuery, secret });
}

function start() {
  form.clearErrors();
  shownAddress = location.hash;
  return run(selected(), form.url(), isLive());
}

async function run(source, url, isFollowed) {
  const mine = running = {};
  clearProblem();
  const failure = await view.show(source, url, isFollowed);
  if (!failure) return;
  // Who reads has been asked for a token already, if that is what is missing.
  const isKeyGiven = failure.status === 401 && source.access !== 'user' && await askAfterRefusal(failure.problem?.detail);
  if (isKeyGiven) await load();
  if (mine !== running) return;
  if (isKeyGiven) await run(source, url, isFollowed);
  else showFailure(failure, url);
}

function showFailure(error, url) {
  if (error instanceof NotSignedIn || error.cause instanceof NotSignedIn) {
    showProblem('Not signed in', (error.cause ?? error).message);
    return;
  }

  const errors = error.problem?.errors;
  if (errors) {
    // Another query may be chosen by now.
    const homeless = form.asksFor(url) ? form.showErrors(errors) : errors.map(({ detail }) => detail);
    if (homeless.length > 0) showProblem(error.problem.title, ...homeless);
    return;
  }
  showProblem(error.problem?.title ?? 'That did not work', error.message);
}

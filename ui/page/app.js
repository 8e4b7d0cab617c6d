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
  writeAddress(selected().name, parameters(), { isStarted: true });
  start();
});
at('change-key').addEventListener('click', async () => {
  if (await askForKey('Another key, for the next requests.')) await load();
});
// Back and forward show again what was started there.
addEventListener('popstate', ({ state }) => {
  if (location.hash !== shownAddress && showAddress() && state?.isStarted) start();
});

whenFirstShown('queries', load);

/** Gets the catalogue; asks for a key until it is had, or done without. */
async function load() {
  clearProblem();
  const generators = loadGenerators();
  try {
    const loaded = await loadQueries();
    offer([...loaded.queries, ...await generators]);
    if (loaded.complaints.length > 0) showProblem('Not every query can be used', ...loaded.complaints);
    else if (isAddressDue && readAddress()) showProblem('There is no such query here', `The address names ${readAddress().name}.`);
  } catch (error) {
    offer(await generators.catch(() => []));
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

async function start() {
  clearProblem();
  form.clearErrors();
  shownAddress = location.hash;
  const source = selected();
  const failure = await view.show(source, form.url(), isLive());
  if (failure) await showRunFailure(source, failure);
}

async function showRunFailure(source, error) {
  // Who reads has been asked for a token already, if that is what is missing.
  if (error.status === 401 && source.access !== 'user' && await askAfterRefusal(error.problem?.detail)) {
    await load();
    return start();
  }

  showFailure(error);
}

function showFailure(error) {
  if (error instanceof NotSignedIn || error.cause instanceof NotSignedIn) {
    showProblem('Not signed in', (error.cause ?? error).message);
    return;
  }

  const errors = error.problem?.errors;
  if (errors) {
    const homeless = form.showErrors(errors);
    if (homeless.length > 0) showProblem(error.problem.title, ...homeless);
    return;
  }
  showProblem(error.problem?.title ?? 'That did not work', error.message);
}

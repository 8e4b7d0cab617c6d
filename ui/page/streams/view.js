import { key, root } from '../api.js';
import { askAfterRefusal } from '../key-dialog.js';
import { ProblemBox } from '../problems.js';
import { detailOf, showResults, whenFirstShown } from '../views.js';
import { mostEntries } from './entry-store.js';
import { FoundEntries } from './found-entries.js';
import { indented } from './json-splitter.js';
import { LogList } from './log-list.js';
import { StreamSession } from './session.js';
import { EntryRate, FieldChart } from './stream-charts.js';
import { StreamStatus } from './stream-status.js';
import { pathInAddress, urlOf } from './stream-url.js';
import { WriteForm } from './write-form.js';

const findMs = 150;
const ratePaintMs = 500;
const mostOfEntry = 200_000;
const rememberedPaths = 20;
const storedPaths = 'chunkstream-stream-paths';

const at = (id) => document.getElementById(id);
const problems = new ProblemBox(at('stream-alert'));
const status = new StreamStatus();
const list = new LogList(at('log'), showEntry);
const rate = new EntryRate(at('stream-rate-chart'));
const fields = new FieldChart(at('stream-field-chart'), at('stream-field'));
const writing = new WriteForm({ url: currentUrl, failed: showRefusal, created: followNew });

let session = null;
let found = null;
let finding = 0;
let willPaint = false;

at('stream-form').addEventListener('submit', (submit) => {
  submit.preventDefault();
  follow();
});
at('stream-from').addEventListener('change', showOffsetField);
at('stream-pause').addEventListener('click', () => {
  if (session.isPaused) session.resume();
  else session.pause();
});
at('stream-cut').addEventListener('click', () => session.cut());
at('stream-stop').addEventListener('click', () => session.stop());
at('stream-newest').addEventListener('click', () => list.follow());
at('stream-find').addEventListener('input', () => {
  clearTimeout(finding);
  finding = setTimeout(find, findMs);
});
addEventListener('pagehide', () => session?.stop());
addEventListener('hashchange', () => {
  const path = pathInAddress(detailOf('streams'));
  if (path && path !== at('stream-path').value) open(path);
  paintSoon();
});
setInterval(paintSoon, ratePaintMs);

whenFirstShown('streams', () => {
  offerPaths();
  const path = pathInAddress(detailOf('streams'));
  if (path) open(path);
});

function open(path) {
  at('stream-path').value = path;
  return follow();
}

// What was created is followed, unless something is, or another path is typed by then.
function followNew(url) {
  const isTyped = urlOf(at('stream-path').value.trim(), root)?.href === url.href;
  const isFollowing = session?.contentType && !session.isOver;
  if (isTyped && !isFollowing) follow();
}

// What the form says: { path, url, from }; null if it has a mistake.
function chosen() {
  const url = currentUrl();
  const from = chosenStart();
  return url && from && { path: at('stream-path').value.trim(), url, from };
}

async function follow(asked = chosen()) {
  if (!asked) return;
  const { path, url, from } = asked;
  session?.stop();
  problems.clear();
  remember(path);

  const mine = new StreamSession(url, from, () => mine === session && paintSoon());
  session = mine;
  found = new FoundEntries(mine.store);
  found.find(at('stream-find').value);
  list.begin(found);
  rate.begin();
  fields.begin(mine.store);
  status.begin();
  paint();
  showResults('streams');
  await mine.follow();
  if (mine !== session) return;
  paint();
  if (mine.refusal) await showRefusal(mine.refusal, () => mine === session && follow(asked));
}

/** Says what the server refused; asks for a key if that is what it wants, and then does it again. */
async function showRefusal({ status: code, title, detail }, again) {
  if (code === 401 && await askAfterRefusal(detail)) {
    at('change-key').hidden = !key.value;
    return again();
  }

  problems.show(title, detail);
}

function currentUrl() {
  const url = urlOf(at('stream-path').value.trim(), root);
  showError('stream-path', url ? '' : 'A path such as orders/42: names with slashes between them, none of them empty, "." or "..".');
  return url;
}

function chosenStart() {
  const from = at('stream-from').value;
  if (from !== 'offset') return from;
  const offset = at('stream-offset').value.trim();
  const isOffset = /^\d{1,19}$/.test(offset);
  showError('stream-offset', isOffset ? '' : 'A number of at most 19 digits.');
  return isOffset ? offset.padStart(19, '0') : null;
}

function showError(id, text) {
  at(`${id}-error`).textContent = text;
  if (!text) return at(id).removeAttribute('aria-invalid');
  at(id).setAttribute('aria-invalid', 'true');
  at(id).focus();
}

function showOffsetField() {
  at('stream-offset-field').hidden = at('stream-from').value !== 'offset';
}

function find() {
  found?.find(at('stream-find').value);
  list.follow();
  paintSoon();
}

// Once a frame at most, and not at all where nobody sees it.
function paintSoon() {
  if (willPaint || !session) return;
  willPaint = true;
  requestAnimationFrame(() => {
    willPaint = false;
    paint();
  });
}

function paint() {
  const { store } = session;
  at('stream-pause').textContent = session.isPaused ? 'Go on' : 'Pause';
  at('stream-pause').disabled = session.isOver;
  at('stream-stop').disabled = session.isOver;
  at('stream-cut').disabled = session.isOver || session.isPaused;
  at('stream-newest').disabled = list.isFollowing;
  writing.offer(session);
  found.update();
  list.paint();
  status.show(session, session.isOver ? null : rate.sample(store.end));
  if (session.isJson) fields.update();
  const count = store.end - store.first;
  at('stream-found').textContent = found.isAll ? '' : `${found.count.toLocaleString('en')} of ${count.toLocaleString('en')} have it`;
  at('log-note').textContent = store.first > 0 ? `The newest ${count.toLocaleString('en')} are kept here: at most ${mostEntries.toLocaleString('en')}, or 64 MB. All are counted, and all are in the stream.` : '';
}

function showEntry(number) {
  const entry = number === null ? undefined : session?.store.at(number);
  at('entry').hidden = !entry;
  if (!entry) return;
  const text = entry.text.length > mostOfEntry ? `${entry.text.slice(0, mostOfEntry)}…` : entry.text;
  at('entry-title').textContent = `Offset ${String(entry.offset).padStart(19, '0')}`;
  at('entry-text').textContent = session.isJson ? indented(text) : text;
}

function remember(path) {
  const paths = [path, ...rememberedOnes().filter((other) => other !== path)].slice(0, rememberedPaths);
  sessionStorage.setItem(storedPaths, JSON.stringify(paths));
  offerPaths();
  // Another view may be seen by now. Without an event: this one is there already.
  if (!at('streams-view').hidden) history.replaceState(null, '', `#streams/${path.split('/').map(encodeURIComponent).join('/')}`);
}

function offerPaths() {
  at('stream-paths').replaceChildren(...rememberedOnes().map((path) => new Option(path)));
}

function rememberedOnes() {
  return JSON.parse(sessionStorage.getItem(storedPaths) ?? '[]');
}

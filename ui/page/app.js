import { key } from './api.js';
import { ColumnChart, RateChart } from './charts.js';
import { Download, fileKinds, parametersOf } from './download.js';
import { ParameterForm } from './form.js';
import { askAfterRefusal, askForKey } from './key-dialog.js';
import { clearProblem, showProblem } from './problems.js';
import { Run } from './run.js';
import { loadGenerators, loadQueries } from './sources.js';
import { Status } from './status.js';
import { RowTable } from './table.js';
import { NotSignedIn, showUser } from './user/user.js';
import { whenFirstShown } from './views.js';

// How often what is seen follows what has come.
const paintMs = 200;

const at = (id) => document.getElementById(id);
const form = new ParameterForm(at('fields'));
const table = new RowTable(at('table'));
const rateChart = new RateChart(at('rate-chart'));
const columnChart = new ColumnChart(at('column-chart'), at('column'));
const status = new Status();
const download = new Download(at('download'), showFailure);

let sources = [];
let run = null;

at('source').addEventListener('change', choose);
at('fields').addEventListener('input', updateDownload);
at('format').addEventListener('change', updateDownload);
at('form').addEventListener('submit', (submit) => {
  submit.preventDefault();
  start();
});
at('pause').addEventListener('click', () => {
  if (run.isPaused) run.resume();
  else run.pause();
  paint();
});
at('cut').addEventListener('click', () => run.cut());
at('stop').addEventListener('click', () => run.stop());
at('change-key').addEventListener('click', async () => {
  if (await askForKey('Another key, for the next requests.')) await load();
});
// A page that is kept for the back button would keep its connection, and the server its query.
addEventListener('pagehide', () => run?.stop());

whenFirstShown('queries', load);

/** Gets the catalogue; asks for a key until it is had, or done without. */
async function load() {
  clearProblem();
  const generators = loadGenerators();
  try {
    const loaded = await loadQueries();
    offer([...loaded.queries, ...await generators]);
    if (loaded.complaints.length > 0) showProblem('Not every query can be used', ...loaded.complaints);
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
  choose();
}

function selected() {
  return sources[at('source').selectedIndex];
}

function choose() {
  const source = selected();
  at('start').disabled = !source;
  if (!source) {
    at('summary').textContent = 'There is no query and no generator yet.';
    return;
  }
  const audience = source.access === 'user' ? ['For users who have signed in, each with rows of their own'] : [];
  at('summary').textContent = [source.summary.replace(/\.$/, ''), ...audience, ...source.warnings].filter(Boolean).join('. ');
  form.show(source);
  const format = at('format').value || 'csv';
  at('format').replaceChildren(...fileKinds(source.formats).map(({ value, text }) => new Option(text, value)));
  at('format').value = format;
  updateDownload();
}

function updateDownload() {
  if (!selected()) return;
  const kind = at('format').value;
  download.update(form.url(parametersOf(kind)), kind, selected().access === 'user');
}

async function start() {
  run?.stop();
  clearProblem();
  form.clearErrors();
  const mine = new Run(selected(), form.url());
  run = mine;
  table.begin(mine.store);
  columnChart.begin(mine.store);
  rateChart.clear();
  status.begin();
  let isFirst = true;
  const reading = mine.read(() => {
    // Soon, and not within the task that reads.
    if (isFirst) setTimeout(() => mine === run && paint());
    isFirst = false;
  });
  paint();
  const painting = setInterval(() => mine === run && paint(), paintMs);
  await reading;
  clearInterval(painting);
  if (mine !== run) return;
  paint();
  if (mine.failure) await showRunFailure(mine.failure);
}

function paint() {
  const rate = status.show(run);
  table.update(run.columns);
  columnChart.offer(run.columns);
  columnChart.update();
  if (run.firstRowAt && !run.isPaused && !run.isOver) rateChart.add(run.seconds, rate);
  at('pause').textContent = run.isPaused ? 'Go on' : 'Pause';
  at('pause').disabled = run.isOver;
  at('stop').disabled = run.isOver;
  at('cut').disabled = run.isOver || run.isPaused;
}

async function showRunFailure(error) {
  // Who reads has been asked for a token already, if that is what is missing.
  if (error.status === 401 && run.source.access !== 'user' && await askAfterRefusal(error.problem?.detail)) {
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

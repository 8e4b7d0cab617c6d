import { RateMeter } from './charts/rate-meter.js';
import { mostKept } from './row-store.js';

const whole = new Intl.NumberFormat('en');
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// As often as one can listen to it without losing the thread.
const spokenEveryMs = 8000;

const words = {
  connecting: 'Connecting…',
  streaming: 'Streaming',
  reading: 'Reading the rows…',
  live: 'Up to date: waiting for changes',
  refetching: 'The server can\'t tell what has changed: reading all rows anew…',
  rejoining: 'The connection is gone; rejoining…',
  asking: 'Waiting for an access token…',
  paused: 'Paused: nothing is read',
  ended: 'Complete',
  stopped: 'Stopped',
  failed: 'Failed: the rows are not complete',
  outdated: 'Failed: the rows are no longer up to date',
  unread: 'Failed: nothing was read',
  refused: 'Refused: nothing was read',
};

/** The bar, the figures, and what is read aloud. */
export class Status {
  #at = (id) => document.getElementById(id);
  #meter = new RateMeter();
  #firstRowSeconds = null;
  #spokenState = '';
  #spokenAt = 0;

  begin(run) {
    this.#meter = new RateMeter();
    this.#firstRowSeconds = null;
    this.#spokenState = '';
    for (const element of document.querySelectorAll('#queries-view [data-when]')) element.hidden = (element.dataset.when === 'live') !== Boolean(run.isLive);
  }

  /** Shows how a run is; gives its rows a second, or changes, and null where it is too early to say. */
  show(run) {
    const { bytes, estimatedRows, rejoins } = run.progress;
    const { rows, store } = run;
    const isEstimated = estimatedRows && !run.isOver && !run.isLive;
    const [rate, speed] = this.#rates(run, run.isLive ? store.changes : rows, bytes) ?? [null, null];
    this.#set('rows', isEstimated ? `${whole.format(rows)} of about ${whole.format(estimatedRows)}` : whole.format(rows));
    this.#set('rate', rate === null ? '–' : whole.format(Math.round(rate)));
    this.#set('speed', speed === null ? '–' : tenth.format(speed / 1e6));
    this.#set('first', run.firstRowAt ? `${whole.format(Math.round(run.firstRowAt - run.startedAt))} ms` : '–');
    this.#set('time', `${tenth.format(run.seconds)} s`);
    this.#set('rejoins', whole.format(rejoins));
    this.#set('state', words[run.state]);
    this.#at('state').dataset.state = run.state;
    if (run.isLive) {
      this.#set('changes', whole.format(store.changes));
      this.#set('last-step', textOf(store.lastStep));
    } else {
      this.#set('table-note', rows > mostKept ? `The table keeps the first ${whole.format(mostKept)} rows; all are counted.` : '');
    }
    this.#showBar(run, rows, estimatedRows);
    this.#speak(run, rows);
    return rate;
  }

  /** Reads a sentence aloud. */
  say(text) {
    this.#set('live', text);
  }

  // An estimate can be too small: then nobody knows how much is left, and the bar says so.
  #showBar(run, rows, estimatedRows) {
    const bar = this.#at('bar');
    if (run.state === 'ended' || run.state === 'live') bar.value = bar.max;
    else if (estimatedRows && rows <= estimatedRows) bar.value = rows / estimatedRows;
    else if (run.isOver) bar.value = 0;
    else bar.removeAttribute('value');
  }

  // All in all at the end, and else now.
  #rates(run, count, bytes) {
    if (run.firstRowAt === null) return null;
    if (run.isOver) return [count / run.seconds, bytes / run.seconds];
    this.#firstRowSeconds ??= run.seconds;
    if (!run.isPaused) this.#meter.add(run.seconds - this.#firstRowSeconds, count, bytes);
    return this.#meter.rates;
  }

  #speak(run, rows) {
    const now = performance.now();
    if (run.state === this.#spokenState && (run.isOver || now - this.#spokenAt < spokenEveryMs)) return;
    this.#spokenState = run.state;
    this.#spokenAt = now;
    this.say(`${words[run.state]}. ${whole.format(rows)} rows.`);
  }

  #set(id, text) {
    const element = this.#at(id);
    if (element.textContent !== text) element.textContent = text;
  }
}

function textOf(step) {
  if (!step) return 'none yet';
  return [[step.added, 'new'], [step.updated, 'changed'], [step.removed, 'gone']].filter(([count]) => count > 0).map(([count, word]) => `${whole.format(count)} ${word}`).join(', ');
}

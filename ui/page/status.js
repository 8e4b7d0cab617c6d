import { mostKept } from './row-store.js';

const whole = new Intl.NumberFormat('en');
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// As often as one can listen to it without losing the thread.
const spokenEveryMs = 8000;
// Over how long a time a speed is taken: short enough to see a pause, long enough not to flicker.
const windowSeconds = 1;

const words = {
  connecting: 'Connecting…',
  streaming: 'Streaming',
  rejoining: 'The connection is gone; rejoining…',
  asking: 'Waiting for an access token…',
  paused: 'Paused: nothing is read, so the server waits',
  ended: 'Complete',
  stopped: 'Stopped',
  failed: 'Failed: the rows are not complete',
};

/** The bar, the figures, and what is read aloud. */
export class Status {
  #at = (id) => document.getElementById(id);
  #samples = [];
  #spokenState = '';
  #spokenAt = 0;

  begin() {
    this.#samples = [];
    this.#spokenState = '';
  }

  /** Shows how a run is; gives its rows a second. */
  show(run) {
    const { rows, bytes, estimatedRows, rejoins } = run.progress;
    const { rate, speed } = this.#speed(run, rows, bytes);
    this.#set('rows', estimatedRows && !run.isOver ? `${whole.format(rows)} of about ${whole.format(estimatedRows)}` : whole.format(rows));
    this.#set('rate', run.firstRowAt ? whole.format(Math.round(rate)) : '–');
    this.#set('speed', run.firstRowAt ? tenth.format(speed / 1e6) : '–');
    this.#set('first', run.firstRowAt ? `${whole.format(Math.round(run.firstRowAt - run.startedAt))} ms` : '–');
    this.#set('time', `${tenth.format(run.seconds)} s`);
    this.#set('rejoins', whole.format(rejoins));
    this.#set('state', words[run.state]);
    this.#set('table-note', rows > mostKept ? `The table keeps the first ${whole.format(mostKept)} rows; all are counted.` : '');
    this.#showBar(run, rows, estimatedRows);
    this.#speak(run, rows);
    return rate;
  }

  // An estimate can be too small: then nobody knows how much is left, and the bar says so.
  #showBar(run, rows, estimatedRows) {
    const bar = this.#at('bar');
    if (run.state === 'ended') bar.value = bar.max;
    else if (estimatedRows && rows <= estimatedRows) bar.value = rows / estimatedRows;
    else if (run.isOver) bar.value = 0;
    else bar.removeAttribute('value');
  }

  #speed(run, rows, bytes) {
    const seconds = run.seconds;
    if (run.isOver) return { rate: rows / seconds, speed: bytes / seconds };
    this.#samples.push({ seconds, rows, bytes });
    while (this.#samples.length > 2 && this.#samples[1].seconds < seconds - windowSeconds) this.#samples.shift();
    const past = seconds - this.#samples[0].seconds;
    if (past < 0.05) return { rate: seconds ? rows / seconds : 0, speed: seconds ? bytes / seconds : 0 };
    return { rate: (rows - this.#samples[0].rows) / past, speed: (bytes - this.#samples[0].bytes) / past };
  }

  #speak(run, rows) {
    const now = performance.now();
    if (run.state === this.#spokenState && (run.isOver || now - this.#spokenAt < spokenEveryMs)) return;
    this.#spokenState = run.state;
    this.#spokenAt = now;
    this.#set('live', `${words[run.state]}. ${whole.format(rows)} rows.`);
  }

  #set(id, text) {
    const element = this.#at(id);
    if (element.textContent !== text) element.textContent = text;
  }
}

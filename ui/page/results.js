import { LiveTable } from './live/live-table.js';
import { RowTable } from './table.js';

const at = (id) => document.getElementById(id);

/** The place of the rows: one table for those that arrive, and one for those that change; or why there are none. */
export class Results {
  #rows = new RowTable(at('table'));
  #live = new LiveTable(at('live-table'));
  #run = null;

  /** Shows another run's rows, none yet. */
  begin(run) {
    this.#run = run;
    at('table').hidden = Boolean(run.isLive);
    at('live-table').hidden = !run.isLive;
    at('table-note').textContent = '';
    if (run.isLive) this.#live.begin(run.store);
    else this.#rows.begin(run.store);
    this.update();
  }

  /** What a step of a live query changes. */
  take(step) {
    this.#live.take(step);
  }

  /** Shows what has come since. */
  update() {
    const { columns, store, isLive, isOver, firstRowAt, failure } = this.#run;
    if (isLive) this.#live.update(columns);
    else this.#rows.update(columns);
    if (isLive && store.count > this.#live.mostShown) {
      at('table-note').textContent = `The table shows the first ${this.#live.mostShown.toLocaleString('en')} rows; all are kept.`;
    }

    const isKnown = firstRowAt !== null || isOver;
    at('table-empty').hidden = store.count > 0;
    at('table-empty').textContent = failure && firstRowAt === null ? 'There are no rows: the request has failed.' : (isKnown ? 'No row.' : 'Waiting for the first row…');
  }
}

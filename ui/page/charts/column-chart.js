import { valueOf } from '../row-store.js';
import { drawable, lookedAt, numberOf, secondsOf } from './columns.js';
import { histogram } from './histogram.js';
import { Plot } from './plot.js';

const mostPoints = 2000;
const byRow = ' row';
const byCount = ' count';

/** One column's numbers: over a time of the rows, over the rows, or how often each of them comes. Of many rows it is a sample. */
export class ColumnChart {
  #plot;
  #columns;
  #over;
  #store = null;
  #source = null;
  #drawn = -1;
  #looked = 0;
  #isChosen = false;

  /** @param {HTMLSelectElement} columns Which column. @param {HTMLSelectElement} over Over what. */
  constructor(element, columns, over) {
    this.#plot = new Plot(element, '--second');
    this.#columns = columns;
    this.#over = over;
    for (const select of [columns, over]) {
      select.addEventListener('change', () => {
        this.#isChosen = true;
        this.#redraw();
      });
    }
    this.#offer([], [], undefined);
    this.#plot.empty('Nothing yet');
  }

  /**
   * @param store The rows, and a `version` that changes with them.
   * @param source What gives them: a query has a key, a generator an order of its own.
   */
  begin(store, source) {
    this.#store = store;
    this.#source = source;
    this.#looked = 0;
    this.#isChosen = false;
    this.#offer([], [], undefined);
    this.#plot.empty('Nothing yet');
  }

  /** Nothing more will come. */
  end() {
    if (!this.#store?.count) this.#plot.empty('Nothing to draw');
  }

  /** Draws what there is now. */
  update(columns) {
    if (!this.#store || columns.length === 0 || this.#store.count === 0) return;
    if (!this.#look(columns)) return;
    if (this.#drawn !== this.#store.version) this.#redraw();
  }

  // One row shows what a column has, and not whether it varies: with some more the choice may be another one.
  #look(columns) {
    const { count } = this.#store;
    if (this.#looked < Math.min(count, lookedAt) && !this.#isChosen) {
      this.#looked = count;
      const { numbers, times, best } = drawable(columns, this.#source.key.map(({ name }) => name), this.#store);
      this.#offer(numbers, times, best);
    }
    const hasNumbers = this.#columns.options.length > 0;
    if (!hasNumbers) this.#plot.empty('No column has numbers');
    return hasNumbers;
  }

  #redraw() {
    const column = this.#columns.value;
    if (!column || !this.#store?.count) return;
    this.#drawn = this.#store.version;
    const points = this.#sample(column, this.#over.value);
    if (points.length === 0) return this.#plot.empty(`No numbers in ${column} yet`);
    const isCounted = this.#over.value === byCount;
    const data = isCounted ? histogram(points.map(([, y]) => y)) : { xs: points.map(([x]) => x), ys: points.map(([, y]) => y) };
    const isTime = !isCounted && this.#over.value !== byRow;
    const over = this.#over.selectedOptions[0].textContent;
    this.#plot.draw({ ...data, kind: isCounted ? 'bars' : 'points', isTime }, `Values of ${column}, ${over}, in a sample of ${this.#store.count} rows`);
  }

  // Each second row, or each fourth, and so on: those that were drawn stay when more come.
  #sample(column, over) {
    const points = [];
    const step = 2 ** Math.max(0, Math.ceil(Math.log2(this.#store.count / mostPoints)));
    for (let index = 0; index < this.#store.count; index += step) {
      const row = this.#store.at(index);
      const y = numberOf(valueOf(row, column));
      const x = over === byRow || over === byCount ? index + 1 : secondsOf(valueOf(row, over));
      if (x !== null && y !== null) points.push([x, y]);
    }
    return points.sort(([a], [b]) => a - b);
  }

  #offer(numbers, times, best) {
    this.#drawn = -1;
    this.#columns.replaceChildren(...numbers.map((name) => new Option(name)));
    if (best !== undefined) this.#columns.value = best;
    // The order that a query's rows have says less than how their values are spread.
    const others = [new Option('how often', byCount), new Option('by row', byRow)];
    if (!this.#source?.isQuery) others.reverse();
    this.#over.replaceChildren(...times.map((name) => new Option(`by ${name}`, name)), ...others);
    this.#columns.disabled = this.#over.disabled = numbers.length === 0;
  }
}

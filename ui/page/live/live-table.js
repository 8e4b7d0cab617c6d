import { columnsOf, ColumnWidths, gridOptions, rowOf } from '../grid.js';

// What a grid takes at once without a page being felt to stand still. More rows are kept, and not shown.
const mostShown = 100_000;
const highlightMs = 1500;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** The rows of a live query in a table in which they appear, change and vanish. */
export class LiveTable {
  #element;
  #grid = null;
  #store = null;
  #columns = null;
  #widths = new ColumnWidths();
  #waiting = [];
  #shown = new Set();

  constructor(element) {
    this.#element = element;
  }

  get mostShown() {
    return mostShown;
  }

  /** Shows another query's rows, none yet. */
  begin(store) {
    this.#store = store;
    this.#widths.begin();
    this.#grid ??= globalThis.agGrid.createGrid(this.#element, {
      ...gridOptions,
      rowModelType: 'clientSide',
      getRowId: ({ data }) => data.key,
      rowClassRules: { appeared: ({ data }) => performance.now() - data.appearedAt < highlightMs },
      cellFlashDuration: highlightMs / 3,
      cellFadeDuration: highlightMs,
    });
    this.#columns = null;
    this.#waiting = [];
    this.#shown.clear();
    this.#grid.setGridOption('rowData', []);
    this.#grid.setGridOption('columnDefs', []);
    this.#show(false);
  }

  // A table without columns is none, to screen readers as to others.
  #show(isShown) {
    this.#element.style.visibility = isShown ? 'visible' : 'hidden';
  }

  /** Takes in what a step changes; it is seen with the next update, all of it together. */
  take(step) {
    this.#waiting.push(step);
  }

  /** @param columns Of the rows, once they are known. */
  update(columns) {
    if (columns.length === 0) return;
    if (this.#columns !== columns) {
      this.#columns = columns;
      this.#grid.setGridOption('columnDefs', columnsOf(columns, this.#store).map((column) => ({ ...column, enableCellChangeFlash: !calm.matches })));
      this.#show(true);
    }
    this.#widths.fit(this.#grid, columns, this.#store);
    for (const step of this.#waiting.splice(0)) this.#apply(step);
  }

  #apply({ isAnew, isFirst, add, update, remove }) {
    if (isAnew) {
      this.#shown.clear();
      this.#grid.setGridOption('rowData', []);
      return;
    }

    // What was there at the start has not appeared.
    const appearedAt = isFirst || calm.matches ? -Infinity : performance.now();
    const fitting = add.slice(0, mostShown - this.#shown.size);
    for (const { key } of fitting) this.#shown.add(key);
    const removed = remove.filter(({ key }) => this.#shown.delete(key));
    this.#grid.applyTransaction({
      add: fitting.map(({ key, row }) => rowOf(row, key, appearedAt)),
      update: update.filter(({ key }) => this.#shown.has(key)).map(({ key, row }) => rowOf(row, key, -Infinity)),
      remove: removed,
    });
  }
}

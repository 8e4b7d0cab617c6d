import { columnsOf, ColumnWidths, gridOptions, rowOf } from './grid.js';

/** The rows in a virtualised table: the grid asks for those that can be seen, and never holds the others. */
export class RowTable {
  #element;
  #grid;
  #store = null;
  #columns = [];
  #shown = 0;
  #hasPartialBlock = false;
  #widths = new ColumnWidths();

  constructor(element) {
    this.#element = element;
    // Now, and not with the first rows: a grid takes a while to come up, and is fast from then on.
    this.#grid = globalThis.agGrid.createGrid(element, {
      ...gridOptions,
      rowModelType: 'infinite',
      cacheBlockSize: 200,
      maxBlocksInCache: 20,
      infiniteInitialRowCount: 0,
      alwaysShowHorizontalScroll: true,
    });
    this.#show(false);
  }

  /** Shows another stream's rows, none yet. */
  begin(store) {
    this.#store = store;
    this.#columns = [];
    this.#shown = 0;
    this.#hasPartialBlock = false;
    this.#widths.begin();
    this.#show(false);
    this.#grid.setGridOption('columnDefs', []);
    this.#grid.setGridOption('datasource', { getRows: (request) => this.#give(store, request) });
  }

  /** Shows the rows that have come since. */
  update(columns) {
    const count = this.#store?.count ?? 0;
    if (columns.length === 0 || (this.#columns === columns && count === this.#shown)) return;
    if (this.#columns !== columns) return this.#head(columns);
    this.#shown = count;
    this.#widths.fit(this.#grid, columns, this.#store);
    this.#grid.setRowCount(count, true);
    if (this.#hasPartialBlock) {
      this.#hasPartialBlock = false;
      this.#grid.refreshInfiniteCache();
    }
  }

  // The rows follow in a task of their own: both in one would be felt.
  #head(columns) {
    const store = this.#store;
    this.#columns = columns;
    this.#grid.setGridOption('columnDefs', columnsOf(columns, store));
    this.#show(true);
    setTimeout(() => store === this.#store && this.update(columns));
  }

  // A table without columns is none, to screen readers as to others.
  #show(isShown) {
    this.#element.style.visibility = isShown ? 'visible' : 'hidden';
  }

  #give(store, { startRow, endRow, successCallback }) {
    const rows = store.slice(startRow, endRow);
    if (rows.length < endRow - startRow) this.#hasPartialBlock = true;
    successCallback(rows.map((row) => rowOf(row)), store.count);
  }
}

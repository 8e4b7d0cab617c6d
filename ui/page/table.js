import { valueOf } from './row-store.js';

const numeric = /^(int|float|numeric)/;

/** The rows in a virtualised table: the grid asks for those that can be seen, and never holds the others. */
export class RowTable {
  #element;
  #grid;
  #store = null;
  #columns = [];
  #shown = 0;
  #hasPartialBlock = false;

  constructor(element) {
    this.#element = element;
    // Now, and not with the first rows: a grid takes a while to come up, and is fast from then on.
    this.#grid = globalThis.agGrid.createGrid(element, {
      theme: 'legacy',
      rowModelType: 'infinite',
      cacheBlockSize: 200,
      maxBlocksInCache: 20,
      infiniteInitialRowCount: 0,
      rowHeight: 28,
      headerHeight: 36,
      // Screen readers go by the order of the elements.
      ensureDomOrder: true,
      enableCellTextSelection: true,
      suppressDragLeaveHidesColumns: true,
      suppressMovableColumns: true,
      animateRows: false,
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
    this.#grid.setGridOption('columnDefs', columns.map(({ name, type }, index) => columnOf(name, type, index)));
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
    // As objects, which the grid wants, and without copying those of queries.
    successCallback(rows.map((row) => ({ row })), store.count);
  }
}

function columnOf(name, type, index) {
  return {
    colId: `column-${index}`,
    headerName: name,
    headerClass: numeric.test(type) ? 'ag-right-aligned-header' : '',
    headerTooltip: `${name}: ${type}`,
    // By function and not by field: a dot in a column's name is no path. The grid sets what it gets as text.
    valueGetter: ({ data }) => (data ? textOf(valueOf(data.row, name)) : ''),
    cellClass: ({ data }) => [
      ...(numeric.test(type) ? ['number'] : []),
      ...(data && valueOf(data.row, name) === null ? ['null'] : []),
    ],
    sortable: false,
    resizable: true,
    width: numeric.test(type) || type === 'bool' ? 120 : 220,
  };
}

function textOf(value) {
  if (value === null) return 'null';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

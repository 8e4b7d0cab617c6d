import { valueOf } from './row-store.js';

const numeric = /^(int|float|numeric)/;

/** The rows in a virtualised table: the grid asks for those that can be seen, and never holds the others. */
export class RowTable {
  #element;
  #grid = null;
  #store = null;
  #shown = 0;
  #hasPartialBlock = false;

  constructor(element) {
    this.#element = element;
  }

  /** Shows another stream's rows, none yet. */
  begin(store) {
    this.#grid?.destroy();
    this.#grid = null;
    this.#store = store;
    this.#shown = 0;
  }

  /** Shows the rows that have come since. */
  update(columns) {
    const count = this.#store?.count ?? 0;
    if (columns.length === 0 || (this.#grid && count === this.#shown)) return;
    this.#grid ??= this.#create(columns);
    this.#shown = count;
    this.#grid.setRowCount(count, true);
    if (this.#hasPartialBlock) {
      this.#hasPartialBlock = false;
      this.#grid.refreshInfiniteCache();
    }
  }

  #create(columns) {
    return globalThis.agGrid.createGrid(this.#element, {
      theme: 'legacy',
      rowModelType: 'infinite',
      datasource: { getRows: (request) => this.#give(request) },
      columnDefs: columns.map(({ name, type }, index) => columnOf(name, type, index)),
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
  }

  #give({ startRow, endRow, successCallback }) {
    const rows = this.#store.slice(startRow, endRow);
    if (rows.length < endRow - startRow) this.#hasPartialBlock = true;
    // As objects, which the grid wants, and without copying those of queries.
    successCallback(rows.map((row) => ({ row })), this.#store.count);
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

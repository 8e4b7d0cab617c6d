import { isNumeric } from './charts/columns.js';
import { valueOf } from './row-store.js';

// Of the tables' font, and what a cell has beside its text.
const characterPx = 7.9;
const spacePx = 26;
const mostCharacters = 40;

// How wide columns are shows in so many rows.
const lookedAt = 50;

const leastCharacters = [[/^(int|bool|oid)/, 5], [/^float/, 18], [/^numeric/, 9], [/^timestamp$/, 19], [/^timestamptz$/, 25], [/^uuid$/, 36]];

/** What all tables have in common. */
export const gridOptions = {
  theme: 'legacy',
  rowHeight: 28,
  headerHeight: 34,
  // Screen readers go by the order of the elements.
  ensureDomOrder: true,
  enableCellTextSelection: true,
  suppressDragLeaveHidesColumns: true,
  suppressMovableColumns: true,
  animateRows: false,
  suppressNoRowsOverlay: true,
};

/** A row as the grid wants it: an object, and the row itself not copied. */
export function rowOf(row, key = undefined, appearedAt = -Infinity) {
  return { row, key, appearedAt };
}

/** The grid's columns for those of a stream, as wide as its rows need. */
export function columnsOf(columns, store) {
  const rows = store.slice(0, lookedAt);
  return columns.map((column, index) => {
    const shown = columnOf(column, index, rows);
    return hasTheRest(columns, index) ? { ...shown, flex: 1, minWidth: shown.width } : shown;
  });
}

/** Makes columns fit again as more rows come: the first one may come alone. It is done a few times at most. */
export class ColumnWidths {
  #fitted = 0;

  begin() {
    this.#fitted = 0;
  }

  fit(grid, columns, store) {
    const count = Math.min(store.count, lookedAt);
    if (this.#fitted === lookedAt || count < Math.min(lookedAt, 4 * this.#fitted)) return;
    this.#fitted = count;
    const rows = store.slice(0, lookedAt);
    grid.setColumnWidths(columns
      .map(({ name, type }, index) => ({ key: idOf(index), newWidth: widthOf(name, type, rows) }))
      .filter((_, index) => !hasTheRest(columns, index)));
  }
}

// A last one of text has what room is left. A number would stand far from the others.
function hasTheRest(columns, index) {
  return index === columns.length - 1 && !isNumeric(columns[index].type);
}

function idOf(index) {
  return `column-${index}`;
}

function columnOf({ name, type }, index, rows) {
  const isNumber = isNumeric(type);
  return {
    colId: idOf(index),
    headerName: name,
    headerClass: isNumber ? 'ag-right-aligned-header' : '',
    headerTooltip: `${name}: ${type}`,
    // By function and not by field: a dot in a column's name is no path. The grid sets what it gets as text.
    valueGetter: ({ data }) => (data ? textOf(valueOf(data.row, name)) : ''),
    cellClass: ({ data }) => [
      ...(isNumber ? ['number'] : []),
      ...(data && valueOf(data.row, name) === null ? ['null'] : []),
    ],
    sortable: false,
    resizable: true,
    width: widthOf(name, type, rows),
  };
}

// What types say of rows that are yet to come.
function widthOf(name, type, rows) {
  const least = leastCharacters.find(([types]) => types.test(type))?.[1] ?? 7;
  const longest = rows.reduce((most, row) => Math.max(most, textOf(valueOf(row, name) ?? null).length), Math.max(name.length, least));
  return Math.round(Math.min(longest, mostCharacters) * characterPx + spacePx);
}

function textOf(value) {
  if (value === null) return 'null';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const pageSize = 1024;

// About half a gigabyte of a browser's memory for rows of 200 bytes. What comes after is counted and not kept.
export const mostKept = 1_000_000;

/** The rows that came, in pages: one array of a million would be copied as it grows. */
export class RowStore {
  #pages = [];
  #count = 0;

  get count() {
    return this.#count;
  }

  /** Changes with the rows. */
  get version() {
    return this.#count;
  }

  append(rows) {
    const room = Math.min(rows.length, mostKept - this.#count);
    for (let at = 0; at < room; at++) {
      if (this.#count % pageSize === 0) this.#pages.push([]);
      this.#pages.at(-1).push(rows[at]);
      this.#count++;
    }
  }

  at(index) {
    return this.#pages[Math.floor(index / pageSize)]?.[index % pageSize];
  }

  /** The rows from one to before another, as far as they are there. */
  slice(start, end) {
    const rows = [];
    for (let at = start; at < Math.min(end, this.#count); at++) rows.push(this.at(at));
    return rows;
  }
}

/** The value of a column in a row; a generator's rows need not be objects. */
export function valueOf(row, column) {
  return typeof row === 'object' && row !== null ? row[column] : row;
}

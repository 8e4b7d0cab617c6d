import { stream } from './client/index.js';
import { Reading } from './reading.js';
import { RowStore } from './row-store.js';

/** One stream, and the rows that it has given so far. */
export class Run extends Reading {
  store = new RowStore();

  constructor(source, url) {
    super(source, url, stream);
  }

  get rows() {
    return this.progress.rows;
  }

  take(rows) {
    this.store.append(rows);
  }
}

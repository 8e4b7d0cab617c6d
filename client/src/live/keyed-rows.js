import { Keys } from './keys.js';

/** The rows of a live query at one position, by their keys. */
export class KeyedRows {
  #rows = new Map();
  #keys = null;
  #all = [];

  /** Where the rows are as the query gave them; null before the first. */
  position = null;

  describe(schema) {
    this.#keys = new Keys(schema);
  }

  get keyColumns() {
    return this.#keys?.names ?? null;
  }

  get size() {
    return this.#rows.size;
  }

  /** The same array until something changes. */
  get all() {
    this.#all ??= Object.freeze([...this.#rows.values()]);
    return this.#all;
  }

  get(key) {
    return this.#keys === null ? undefined : this.#rows.get(this.#keys.named(key));
  }

  /** Goes on to the next position; gives what that changes. */
  apply({ isAnew, changes, position }) {
    const all = isAnew ? this.#replacing(changes) : changes;
    const told = [];
    for (const change of all) this.#take(change, told);
    this.position = position;
    if (told.length > 0) this.#all = null;
    return told;
  }

  /** All rows, as changes from nothing. */
  snapshot() {
    return { position: this.position, changes: Array.from(this.#rows, ([key, row]) => ({ type: 'upsert', key, row })) };
  }

  // Forgets those that did not come again.
  #replacing(changes) {
    const isThere = new Map();
    for (const { type, key } of changes) isThere.set(key, type === 'upsert');
    const gone = [];
    for (const key of this.#rows.keys()) if (!isThere.get(key)) gone.push({ type: 'delete', key });
    return gone.concat(changes);
  }

  // A row that has gone is told as it was; one that was not there has not gone.
  #take(change, told) {
    const { type, key } = change;
    if (type === 'upsert') {
      this.#rows.set(key, change.row);
      told.push(change);
      return;
    }
    const row = this.#rows.get(key);
    if (this.#rows.delete(key)) told.push({ type, key, row });
  }
}

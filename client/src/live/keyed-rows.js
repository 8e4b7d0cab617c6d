import { Keys } from './keys.js';

/** The rows of a live query at one position, by their keys. */
export class KeyedRows {
  #rows = new Map();
  #keys = null;
  #all = [];

  /** Whether there was a position yet. */
  isKnown = false;

  describe(schema) {
    this.#keys = new Keys(schema);
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
  apply({ isAnew, changes }) {
    const all = isAnew ? this.#replacing(changes) : changes;
    const told = all.filter((change) => this.#take(change));
    this.isKnown = true;
    if (told.length > 0) this.#all = null;
    return told;
  }

  // Forgets those that did not come again.
  #replacing(changes) {
    const isThere = new Map();
    for (const { type, key } of changes) isThere.set(key, type === 'upsert');
    const gone = [];
    for (const [key, row] of this.#rows) if (!isThere.get(key)) gone.push({ type: 'delete', key, row });
    return gone.concat(changes);
  }

  #take({ type, key, row }) {
    if (type === 'delete') return this.#rows.delete(key);
    this.#rows.set(key, row);
    return true;
  }
}

/**
 * The rows of a live query as they were at its last position, by their keys. While the first rows come, before there is a position,
 * it has those that came.
 */
export class LiveStore {
  #rows = new Map();
  #listed = null;
  #isKnown = false;
  #pending = [];

  /** Changes with the rows. */
  version = 0;

  /** How many changes there were since the rows were read. */
  changes = 0;

  /** What the last step changed, as { added, updated, removed }: how many rows. */
  lastStep = null;

  /** @param {(step: object) => void} changed Told what a step changes, as { isAnew, add, update, remove }: entries of { key, row }. */
  constructor(changed) {
    this.changed = changed;
  }

  get count() {
    return this.#rows.size;
  }

  at(index) {
    return this.#list()[index];
  }

  slice(start, end) {
    return this.#list().slice(start, end);
  }

  /** Takes in what the server tells, in its order. */
  take(change) {
    if (change.type === 'must-refetch') this.#clear();
    else if (change.type === 'up-to-date') this.#reach();
    else this.#pending.push(change);
  }

  /** Applies what has come of the first rows, which need not wait for a position. */
  flush() {
    if (!this.#isKnown) this.#apply();
  }

  #reach() {
    const step = this.#apply();
    if (this.#isKnown && step) {
      this.changes += step.add.length + step.update.length + step.remove.length;
      this.lastStep = { added: step.add.length, updated: step.update.length, removed: step.remove.length, at: performance.now() };
    }
    this.#isKnown = true;
  }

  // All changes of a step in one go: nobody sees a part of what one transaction did.
  #apply() {
    const before = new Map();
    for (const { type, key, row } of this.#pending) {
      if (!before.has(key)) before.set(key, this.#rows.get(key));
      if (type === 'delete') this.#rows.delete(key);
      else this.#rows.set(key, row);
    }
    this.#pending = [];
    const step = { isAnew: false, add: [], update: [], remove: [] };
    for (const [key, old] of before) {
      const row = this.#rows.get(key);
      if (row === undefined && old !== undefined) step.remove.push({ key });
      else if (row !== undefined) (old === undefined ? step.add : step.update).push({ key, row });
    }
    if (step.add.length + step.update.length + step.remove.length === 0) return null;
    this.#tell({ ...step, isFirst: !this.#isKnown });
    return step;
  }

  #clear() {
    this.#pending = [];
    this.#rows.clear();
    this.#isKnown = false;
    this.#tell({ isAnew: true, add: [], update: [], remove: [] });
  }

  #tell(step) {
    this.#listed = null;
    this.version++;
    this.changed(step);
  }

  #list() {
    this.#listed ??= [...this.#rows.values()];
    return this.#listed;
  }
}

import { live } from '../client/index.js';
import { Reading } from '../reading.js';
import { LiveStore } from './live-store.js';

/** A live query that is followed, and its rows as they are now. */
export class LiveRun extends Reading {
  #isUpToDate = false;
  #isRefetching = false;

  /** @param {(step: object) => void} changed Told of each step of the rows. */
  constructor(source, url, changed) {
    super(source, url, live);
    this.store = new LiveStore(changed);
  }

  get isLive() {
    return true;
  }

  get rows() {
    return this.store.count;
  }

  get state() {
    const state = super.state;
    if (state !== 'streaming') return state === 'failed' ? 'outdated' : state;
    if (this.#isUpToDate) return 'live';
    return this.#isRefetching ? 'refetching' : 'reading';
  }

  take(changes) {
    for (const change of changes) {
      this.store.take(change);
      if (change.type === 'must-refetch') this.#isRefetching = true;
      if (change.type === 'up-to-date') this.#isRefetching = false;
      this.#isUpToDate = change.type === 'up-to-date' || (this.#isUpToDate && change.type !== 'must-refetch');
    }
    this.store.flush();
  }
}

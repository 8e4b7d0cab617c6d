import { headers } from './api.js';
import { CuttableFetch } from './cuttable-fetch.js';
import { NotSignedIn, tokenFor } from './user/user.js';

// After so much work in one go the browser gets its turn, to paint and to take clicks.
const turnMs = 12;

/** What is read from one address, from its start to its end: how it goes, and what a person does with it. */
export class Reading {
  columns = [];
  startedAt = performance.now();
  firstRowAt = null;
  endedAt = null;
  failure = null;
  isPaused = false;
  isStopped = false;

  /** Whether it waits for somebody who gives an access token. */
  isAsking = false;

  #stream;
  #leaving = new AbortController();
  #network = new CuttableFetch();
  #resume = null;
  #given = null;
  #pausedMs = 0;
  #pausedAt = 0;

  /** @param {(url: URL, options: object) => object} open The client's function that reads it. */
  constructor(source, url, open) {
    this.source = source;
    this.#stream = open(url, {
      signal: this.#leaving.signal,
      getToken: source.access === 'user' ? (asked) => this.#token(url, asked) : undefined,
      // Otherwise a bigint or numeric beyond a JavaScript number would be shown as another one.
      numbers: source.isQuery ? 'exact' : undefined,
      // A stream may outlive a function key as well: each request has the one that is given now.
      fetch: (address, options) => this.#network.fetch(address, { ...options, headers: new Headers([...options.headers, ...Object.entries(headers())]) }),
    });
  }

  get progress() {
    return this.#stream.progress;
  }

  /** What it does now, in a word. */
  get state() {
    if (this.failure) return this.#wordOfFailure();
    if (this.isStopped) return 'stopped';
    if (this.endedAt) return 'ended';
    if (this.isAsking) return 'asking';
    if (this.isPaused) return 'paused';
    // One word for all of an outage: its attempts come and go.
    const { state, rejoins } = this.progress;
    return state === 'waiting' || (state === 'connecting' && rejoins > 0) ? 'rejoining' : state;
  }

  get isOver() {
    return this.endedAt !== null;
  }

  /** Seconds since the start, without pauses. */
  get seconds() {
    const now = this.endedAt ?? (this.isPaused ? this.#pausedAt : performance.now());
    return (now - this.startedAt - this.#pausedMs) / 1000;
  }

  /** Reads to the end. @param {(records: object[]) => void} arrived Told of what comes, as it comes. */
  async read(arrived) {
    try {
      let turn = performance.now();
      for await (const records of this.#stream.batches()) {
        if (this.firstRowAt === null) await this.#begin();
        this.take(records);
        arrived(records);
        // Nothing is read in a pause: the server feels that, and stops reading from Postgres.
        if (this.isPaused) await this.#whenResumed();
        if (performance.now() - turn > turnMs) {
          await nextTask();
          turn = performance.now();
        }
      }
      this.columns = (await this.#stream.schema).columns;
    } catch (error) {
      if (!this.isStopped) this.failure = error;
    } finally {
      if (this.isPaused) this.resume();
      this.endedAt = performance.now();
    }
  }

  pause() {
    this.isPaused = true;
    this.#pausedAt = performance.now();
  }

  resume() {
    this.isPaused = false;
    this.#pausedMs += performance.now() - this.#pausedAt;
    this.#resume?.();
  }

  cut() {
    this.#network.cut();
  }

  stop() {
    if (this.isOver) return;
    if (this.isPaused) this.resume();
    this.isStopped = true;
    this.#leaving.abort();
  }

  // What was refused has no rows that could be incomplete.
  #wordOfFailure() {
    if (this.firstRowAt !== null) return 'failed';
    const { status, cause } = this.failure;
    return status >= 400 && status < 500 && !(cause instanceof NotSignedIn) ? 'refused' : 'unread';
  }

  async #begin() {
    this.firstRowAt = performance.now();
    this.columns = (await this.#stream.schema).columns;
  }

  async #token(url, { refresh, signal }) {
    this.isAsking = true;
    try {
      this.#given = await tokenFor(url, { refused: refresh ? this.#given : null, signal });
      return this.#given;
    } finally {
      this.isAsking = false;
    }
  }

  #whenResumed() {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }
}

function nextTask() {
  return globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

import { canShare, followTogether } from '../sharing/shared-connection.js';
import { KeyedRows } from './keyed-rows.js';
import { followAlone } from './own-connection.js';

/**
 * The rows of a live query, kept as the server says. They change only where the server is at a position: nobody ever sees a part
 * of what one transaction has changed.
 */
export class Collection {
  #rows = new KeyedRows();
  #listeners = new Set();
  #closing = new AbortController();
  #error = null;
  #schema;
  #ready;
  #described;
  #known;
  #state = 'connecting';

  constructor(options) {
    const { signal } = options;
    const closed = () => this.close();
    signal?.addEventListener('abort', closed);
    this.#closing.signal.addEventListener('abort', () => signal?.removeEventListener('abort', closed));
    if (signal?.aborted) closed();

    this.#schema = new Promise((resolve, reject) => (this.#described = { resolve, reject }));
    this.#ready = new Promise((resolve, reject) => (this.#known = { resolve, reject }));
    this.#schema.catch(() => {});
    this.#ready.catch(() => {});
    this.#keep({ ...options, signal: this.#closing.signal });
  }

  get state() {
    return this.#state;
  }

  get error() {
    return this.#error;
  }

  get isReady() {
    return this.#rows.position !== null;
  }

  get ready() {
    return this.#ready;
  }

  get rows() {
    return this.#rows.all;
  }

  get size() {
    return this.#rows.size;
  }

  get keyColumns() {
    return this.#rows.keyColumns;
  }

  get schema() {
    return this.#schema;
  }

  get(key) {
    return this.#rows.get(key);
  }

  has(key) {
    return this.#rows.get(key) !== undefined;
  }

  [Symbol.iterator]() {
    return this.rows[Symbol.iterator]();
  }

  subscribe(listener) {
    // The same function may be given twice.
    const own = (changes) => listener(changes);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  close() {
    if (this.#state === 'failed') return;
    this.#closing.abort(new DOMException('The collection was closed.', 'AbortError'));
    this.#to('closed');
  }

  async #keep(options) {
    const rows = this.#rows;
    const sink = {
      get position() {
        return rows.position;
      },
      snapshot: () => rows.snapshot(),
      to: (state) => this.#to(state),
      describe: (schema) => {
        rows.describe(schema);
        this.#described.resolve(schema);
      },
      apply: (step) => {
        // More may have come already when a listener closes it.
        if (this.#closing.signal.aborted) return;
        const changes = rows.apply(step);
        this.#known.resolve(this);
        this.#tell(changes);
      },
    };
    let reason;
    try {
      const follow = options.share && (await canShare()) ? followTogether : followAlone;
      await follow(options, sink);
      reason = new DOMException('The stream has ended.', 'AbortError');
      this.#to('closed');
    } catch (error) {
      reason = error;
      if (this.#closing.signal.aborted) reason = this.#closing.signal.reason;
      else this.#fail(error);
    }
    this.#described.reject(reason);
    this.#known.reject(reason);
    // Whatever its end was, nothing of it is left at the caller's signal.
    this.#closing.abort(reason);
  }

  #fail(error) {
    this.#error = error;
    this.#to('failed');
  }

  #to(state) {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#tell([]);
  }

  #tell(changes) {
    for (const listener of [...this.#listeners]) {
      try {
        listener(changes);
      } catch (error) {
        // The fault of one is no reason to tell the others nothing; it is reported as any error that nobody catches.
        queueMicrotask(() => { throw error; });
      }
    }
  }
}

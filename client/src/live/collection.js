import { RowStream } from '../row-stream.js';
import { KeyedRows } from './keyed-rows.js';
import { stepsOf } from './steps.js';

/**
 * The rows of a live query, kept as the server says. They change only where the server is at a position: nobody ever sees a part
 * of what one transaction has changed.
 */
export class Collection {
  #rows = new KeyedRows();
  #listeners = new Set();
  #closing = new AbortController();
  #stream;
  #error = null;
  #ready;
  #state = 'connecting';

  constructor(options) {
    const { signal } = options;
    const closed = () => this.close();
    if (signal?.aborted) closed();
    signal?.addEventListener('abort', closed, { once: true });
    this.#closing.signal.addEventListener('abort', () => signal?.removeEventListener('abort', closed));

    this.#stream = new RowStream({
      ...options,
      signal: this.#closing.signal,
      onProgress: (progress) => {
        options.onProgress?.(progress);
        if (['connecting', 'streaming', 'waiting'].includes(progress.state)) this.#to(progress.state);
      },
    });
    this.#ready = new Promise((resolve, reject) => this.#keep(resolve).then(reject, reject));
    this.#ready.catch(() => {});
  }

  get state() {
    return this.#state;
  }

  get error() {
    return this.#error;
  }

  get isReady() {
    return this.#rows.isKnown;
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

  get schema() {
    return this.#stream.schema;
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

  // Ends with the reason why there can be no rows, if there were none yet.
  async #keep(ready) {
    try {
      const steps = stepsOf(this.#stream, true);
      this.#rows.describe(await this.#stream.schema);
      for await (const step of steps) {
        const changes = this.#rows.apply(step);
        ready(this);
        this.#tell(changes);
      }
      this.#to('closed');
    } catch (error) {
      if (this.#closing.signal.aborted) return this.#closing.signal.reason;
      this.#error = error;
      this.#to('failed');
      return error;
    }
    return new DOMException('The stream has ended.', 'AbortError');
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

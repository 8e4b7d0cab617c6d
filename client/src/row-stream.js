import { RowReader } from './row-reader.js';

const over = { done: true, value: undefined };

/** The rows of one stream, for one reader. */
export class RowStream {
  #reader;
  #schema = null;
  #isTaken = false;
  #rows = 0;
  #checkpoint;

  constructor(options) {
    this.#checkpoint = options.resume;
    this.#reader = new RowReader(options, () => options.onProgress?.(this.progress));
  }

  get schema() {
    if (!this.#schema) {
      this.#schema = this.#reader.readSchema();
      // Who looks at it and at the rows hears of a failure there.
      this.#schema.catch(() => {});
    }
    return this.#schema;
  }

  get progress() {
    const { bytes, schema, rejoins, state } = this.#reader;
    return Object.freeze({
      rows: this.#rows,
      bytes,
      estimatedRows: schema?.estimatedRows ?? null,
      rejoins,
      checkpoint: state === 'ended' ? null : this.#checkpoint,
      state,
    });
  }

  batches() {
    this.#takeOnce();
    let isLeft = false;
    let last = Promise.resolve();
    const read = async () => {
      const batch = isLeft ? null : await unlessLeft(this.#reader.read(), () => isLeft);
      if (!batch) return over;
      this.#rows += batch.rows.length;
      this.#checkpoint = batch.checkpoint;
      return { done: false, value: batch.rows };
    };
    return iterator(
      () => (last = last.then(read, read)),
      () => {
        isLeft = true;
        this.#reader.leave();
      },
    );
  }

  [Symbol.asyncIterator]() {
    this.#takeOnce();
    const reader = this.#reader;
    let batch = { rows: [], checkpoint: null };
    let at = 0;
    let isLeft = false;
    let filling = null;
    const fill = async () => {
      try {
        batch = (await unlessLeft(reader.read(), () => isLeft)) ?? { rows: [], checkpoint: null };
        at = 0;
        return batch.rows.length > 0;
      } finally {
        filling = null;
      }
    };
    // No more than a promise a row, and none that waits while rows are there.
    const next = () => {
      if (at < batch.rows.length && !reader.isLeft) {
        const value = batch.rows[at++];
        this.#rows++;
        if (at === batch.rows.length) this.#checkpoint = batch.checkpoint;
        return Promise.resolve({ done: false, value });
      }
      if (isLeft) return Promise.resolve(over);
      filling ??= fill();
      return filling.then((isFilled) => (isFilled ? next() : over));
    };
    return iterator(next, () => {
      isLeft = true;
      reader.leave();
    });
  }

  #takeOnce() {
    // A second loop would find nothing, and take that for the end.
    if (this.#isTaken) throw new TypeError('These rows are read already: a stream has one reader, and begins anew with another call of stream().');
    this.#isTaken = true;
  }
}

/** Whoever leaves while a read is pending gets an end, not the cancellation that follows from it. */
async function unlessLeft(reading, isLeft) {
  try {
    return await reading;
  } catch (error) {
    if (isLeft()) return null;
    throw error;
  }
}

function iterator(next, leave) {
  return {
    next,
    async return(value) {
      leave();
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

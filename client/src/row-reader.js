import { headersFor } from './access-token.js';
import { Attempts } from './attempts.js';
import { Connection } from './connection.js';
import { failureOf, Interruption, isAccessExpired, StreamError } from './failures.js';
import { Lines } from './lines.js';
import { pause } from './wake.js';

// For how long rows are held of which it is not clear whether a checkpoint follows, since the schema does not say it: longer
// than the parts of one flush are apart, shorter than anyone notices.
const undecidedMs = 50;

/**
 * Reads a stream over as many responses as it takes. Rows that no checkpoint covers are held back, so that another
 * request can go on after exactly those that were given out. A stream without checkpoints gives out all, and ends with
 * its connection.
 */
export class RowReader {
  schema = null;
  bytes = 0;
  rejoins = 0;

  /** @type {import('../index.d.ts').Progress['state']} */
  state = 'connecting';

  #options;
  #changed;
  #leaving = new AbortController();
  #unsubscribe = null;
  #connection = null;
  #format = null;
  #lines = null;
  #undecidedSince = null;
  #resume;
  #isUncovered = false;
  #attempts;
  #failure = null;
  #stepping = null;

  /** @param {() => void} changed Told when there is news for whoever watches. */
  constructor(options, changed) {
    this.#options = options;
    this.#changed = changed;
    this.#resume = options.resume;
    this.#attempts = new Attempts(options);
  }

  /** The next rows, at least one, with the token after exactly these where there is one; null at the end. */
  async read() {
    for (;;) {
      this.#begin();
      const batch = this.#take();
      if (batch.rows.length > 0) return batch;
      this.#throwFailure();
      if (this.state === 'ended') return null;
      await this.#step();
    }
  }

  /** Waits until the schema is there. */
  async readSchema() {
    while (!this.schema) {
      this.#begin();
      this.#throwFailure();
      if (this.state === 'ended') throw new StreamError('The stream has ended, and never told its schema.');
      await this.#step();
    }
    return this.schema;
  }

  /** Whether it was left or aborted: then what has arrived is of no interest any more. */
  get isLeft() {
    return this.#leaving.signal.aborted;
  }

  /** Cancels the request and whoever waits. */
  leave(reason = new DOMException('The stream was left before its end.', 'AbortError')) {
    this.#unsubscribe?.();
    if (this.state === 'ended' || this.state === 'failed') return;
    this.state = 'failed';
    this.#leaving.abort(reason);
    this.#connection?.close();
    this.#changed();
  }

  #begin() {
    if (!this.#unsubscribe) this.#subscribe(this.#options.signal);
    this.#leaving.signal.throwIfAborted();
  }

  #subscribe(signal) {
    const abort = () => this.leave(signal.reason);
    this.#unsubscribe = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
  }

  #take() {
    const { rows, checkpoint } = this.#format?.take() ?? { rows: [], checkpoint: null };
    if (checkpoint !== null) {
      this.#resume = checkpoint;
      this.#isUncovered = false;
    } else if (rows.length > 0) {
      this.#isUncovered = true;
    }
    if (rows.length > 0) this.#attempts.advanced();
    return { rows, checkpoint };
  }

  /** One step further. Whoever needs one meanwhile shares it. */
  #step() {
    this.#stepping ??= this.#advance().finally(() => {
      this.#stepping = null;
    });
    return this.#stepping;
  }

  async #advance() {
    try {
      const { end, problem } = this.#format ?? {};
      if (problem) throw failureOf(problem, problem.status);
      if (end) this.#goOnAfter(end);
      else if (this.#connection) await this.#readPiece();
      else await this.#connect();
    } catch (error) {
      this.#connection?.close();
      this.#connection = null;
      this.#leaving.signal.throwIfAborted();
      await this.#recover(error);
    }
  }

  async #connect() {
    const { url, Format } = this.#options;
    this.#to('connecting');
    const address = new URL(url);
    if (this.#resume !== null) address.searchParams.set('resume', this.#resume);
    const { signal } = this.#leaving;
    const headers = await headersFor(this.#options, { refresh: this.#attempts.isTokenRefused, signal });
    this.#connection = new Connection(this.#options, signal);
    await this.#connection.open(address, headers, this.schema !== null);
    this.#attempts.answered();

    this.#lines = new Lines();
    this.#format = new Format(this.#resume !== null);
    this.#undecidedSince = null;
    this.schema ??= this.#format.schema;
    this.state = 'streaming';
    this.#changed();
  }

  async #readPiece() {
    const format = this.#format;
    const piece = await this.#connection.read(this.#patience());
    if (piece === undefined) {
      format.letGo();
      return;
    }

    if (piece === null) {
      format.finish(this.#lines);
    } else {
      this.bytes += piece.length;
      format.push(this.#lines.push(piece), piece.length);
    }
    this.schema ??= format.schema;
    if (format.end) {
      this.#connection.finish();
      this.#connection = null;
    }
    this.#changed();
  }

  #patience() {
    if (!this.#format.isUndecided) return Infinity;
    this.#undecidedSince ??= performance.now();
    return Math.max(0, this.#undecidedSince + undecidedMs - performance.now());
  }

  #goOnAfter(end) {
    if (end.continue === null) {
      this.state = 'ended';
      this.#unsubscribe();
    } else {
      if (end.rows === 0) throw new Interruption('The server parts the stream, and gives no rows.');
      this.#rejoin('connecting');
    }
    this.#changed();
  }

  async #recover(error) {
    const next = this.#attempts.failed(error, { resume: this.#resume, isUncovered: this.#isUncovered });
    if (next === null) {
      this.#failure = this.#finalOf(error);
      this.#format?.letGo();
      return;
    }

    this.#rejoin('waiting');
    this.#changed();
    await pause(next.leastMs, next.moreMs, this.#leaving.signal);
  }

  #finalOf(error) {
    if (this.#isUncovered && isAccessExpired(error)) {
      return new StreamError(`${error.message} The stream has no checkpoints, so it can't go on after the rows that were given.`, error);
    }
    return error instanceof Interruption ? error.toStreamError() : error;
  }

  #rejoin(state) {
    this.#format = null;
    this.rejoins++;
    this.state = state;
  }

  #to(state) {
    if (this.state === state) return;
    this.state = state;
    this.#changed();
  }

  // What had come before the failure was given out first.
  #throwFailure() {
    if (!this.#failure) return;
    if (this.state !== 'failed') {
      this.state = 'failed';
      this.#unsubscribe();
      if (this.#failure instanceof StreamError) this.#failure.checkpoint = this.#isUncovered ? null : this.#resume;
      this.#changed();
    }
    throw this.#failure;
  }
}

import { retryAfter } from './backoff.js';
import { failureOf, Interruption, StreamError } from './failures.js';
import { requestOf } from './request.js';
import { inTime, sleep, TimeLimit } from './waiting.js';
import { onWake } from './wake.js';
import { WholeBody } from './whole-body.js';

// How long a response may take to end after its last word.
const lingerMs = 1000;

// How soon after a sleep what had arrived meanwhile is seen.
const wakeMs = 1000;

// Browsers hand over up to 2 MB at once, 40,000 rows or so: a page that reads them could neither paint nor take a click meanwhile.
const mostBytes = 64 * 1024;

/** One request and its response's body, which is read piece by piece and only when asked to. */
export class Connection {
  #options;
  #leaving;
  #controller = new AbortController();
  #reader = null;
  #reading = null;
  #rest = null;
  #idleTimeoutMs;
  #waitingSince = null;
  #stopWatching = () => {};

  /** @param {AbortSignal} leaving Ends every wait. */
  constructor(options, leaving) {
    this.#options = options;
    this.#leaving = leaving;
    this.#idleTimeoutMs = options.idleTimeoutMs;
  }

  /**
   * Sends the request; done when a response is there that has a body to read.
   * @param {boolean} isKnown Whether this was the address of a stream before.
   */
  async open(url, headers, isKnown) {
    const { fetch, Format } = this.#options;
    this.#stopWatching = onWake(() => this.#seeSilence());
    const isOurs = Format.mediaType.includes('chunkstream');
    const [address, init] = requestOf(url, headers, isOurs);
    const response = await this.#wait(fetch(address, { ...init, signal: this.#controller.signal }), 'The server could not be reached.');
    if (!response.ok) {
      throw failureOf(await this.#problemOf(response), response.status, retryAfter(response.headers));
    }

    const type = response.headers.get('Content-Type') ?? 'of no type';
    if (isOurs && !type.startsWith(Format.mediaType)) {
      const message = `The response is ${type}, not ${Format.mediaType}`;
      const { status } = response;
      // The page of a proxy, or of a network that wants a person to log in, goes again.
      throw isKnown
        ? new Interruption(`${message}: something else than the server has answered.`, { status })
        : new StreamError(`${message}: this is not the address of a stream of ChunkStream.`, { status });
    }
    if (response.body) {
      this.#reader = response.body.getReader();
    } else if (url.searchParams.get('live') === 'sse') {
      throw new StreamError('This fetch gives a body only when it has ended, and a live query does not end: add live=long-poll to the address.');
    } else {
      this.#reader = new WholeBody(response);
      // Nothing is seen before its end: no silence says anything.
      this.#idleTimeoutMs = Infinity;
    }
  }

  /** The next piece, of 64 KB at most, or null at the body's end; undefined if none came for as long as `patienceMs`, and may come yet. */
  async read(patienceMs = Infinity) {
    if (this.#rest) return this.#part(this.#rest);
    this.#reading ??= this.#reader.read();
    if (patienceMs < Infinity && !(await this.#comesWithin(patienceMs))) return undefined;
    const { done, value } = await this.#wait(this.#reading, 'The connection was cut.');
    this.#reading = null;
    return done ? null : this.#part(value);
  }

  /** Lets go of a response that has said its last word: to its end, so that the connection can serve another request. */
  finish() {
    this.#stopWatching();
    const timer = setTimeout(() => this.close(), lingerMs);
    (this.#reading ?? this.#reader.read())
      .then(({ done }) => done || this.close(), () => {})
      .finally(() => clearTimeout(timer));
  }

  /** Cancels the request. */
  close() {
    this.#stopWatching();
    this.#controller.abort();
    this.#reading?.catch(() => {});
    this.#reader?.cancel().catch(() => {});
  }

  #part(piece) {
    this.#rest = piece.length > mostBytes ? piece.subarray(mostBytes) : null;
    return this.#rest ? piece.subarray(0, mostBytes) : piece;
  }

  async #comesWithin(ms) {
    const isThere = this.#reading.then(() => true, () => true);
    try {
      return await inTime(isThere, ms, this.#leaving);
    } catch (error) {
      if (!(error instanceof TimeLimit)) throw error;
      return false;
    }
  }

  async #problemOf(response) {
    if (!response.headers.get('Content-Type')?.includes('json')) {
      response.body?.cancel().catch(() => {});
      return null;
    }

    try {
      return await this.#wait(response.json(), '');
    } catch {
      // The status says enough.
      return null;
    }
  }

  async #wait(promise, whatFailed) {
    this.#waitingSince = Date.now();
    try {
      return await inTime(promise, this.#idleTimeoutMs, this.#leaving);
    } catch (cause) {
      throw new Interruption(cause instanceof TimeLimit ? `Nothing came for ${this.#idleTimeoutMs / 1000} seconds.` : whatFailed, { cause });
    } finally {
      this.#waitingSince = null;
    }
  }

  // Timers may stand still while a machine sleeps; its clock goes on.
  #seeSilence() {
    const since = this.#waitingSince;
    if (since === null || Date.now() - since < this.#idleTimeoutMs) return;
    const giveUp = () => this.#waitingSince === since && this.#controller.abort();
    // On a busy machine this timer may come before what has arrived is read. One more turn of the event loop reads it.
    setTimeout(() => setTimeout(giveUp, 1), wakeMs);
  }
}

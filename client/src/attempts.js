import { backoff } from './backoff.js';
import { Interruption, isAccessExpired, isAccessRefused } from './failures.js';

/** Which failures another attempt may mend, and how long to wait before it. */
export class Attempts {
  #options;
  #failures = 0;
  #hasExpired = false;

  /** Whether the last access token holds no more: the next request needs another one. */
  isTokenRefused = false;

  constructor(options) {
    this.#options = options;
  }

  /** The server has answered with a stream. */
  answered() {
    this.isTokenRefused = false;
  }

  /** There are new rows: what failed before counts no more. */
  advanced() {
    this.#failures = 0;
    this.#hasExpired = false;
  }

  /**
   * Counts a failure; gives the milliseconds to wait before the next attempt, at least and besides, or null if there must be
   * none.
   * @param {{ resume: string | null, isUncovered: boolean }} place Where the stream is.
   */
  failed(error, { resume, isUncovered }) {
    if (isUncovered) return null;
    if (isAccessRefused(error)) return this.#needsToken(error);
    if (!(error instanceof Interruption)) return null;

    // After a deadline another attempt makes sense only if the last one got somewhere.
    if (error.status === 504 && resume === null) return null;
    if (this.#failures >= this.#options.maxRejoins) return null;
    this.#failures++;
    return { leastMs: error.retryAfterMs, moreMs: backoff(this.#failures, this.#options.backoffMs) };
  }

  // Once: where a second token is refused, or is over before the first row comes, a third one would not help.
  #needsToken(error) {
    const isInVain = isAccessExpired(error) ? this.#hasExpired : this.isTokenRefused;
    if (!this.#options.getToken || isInVain) return null;
    this.#hasExpired ||= isAccessExpired(error);
    this.isTokenRefused = true;
    return { leastMs: 0, moreMs: 0 };
  }
}

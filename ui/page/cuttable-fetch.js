/** A fetch whose connections can be cut from outside: whoever reads sees what a broken network would show it. */
export class CuttableFetch {
  #cutting = new AbortController();

  /** To be given where `fetch` is wanted. */
  fetch = (url, options = {}) => {
    const ending = new AbortController();
    // AbortSignal.any would do, but WebKit forgets such a signal when it collects garbage: then nothing ends the request.
    for (const signal of [options.signal, this.#cutting.signal]) {
      if (signal?.aborted) ending.abort(signal.reason);
      signal?.addEventListener('abort', () => ending.abort(signal.reason), { once: true, signal: ending.signal });
    }
    return fetch(url, { ...options, signal: ending.signal });
  };

  /** Cuts the connections that are open now; later ones live. */
  cut() {
    this.#cutting.abort(new TypeError('The connection was cut.'));
    this.#cutting = new AbortController();
  }
}

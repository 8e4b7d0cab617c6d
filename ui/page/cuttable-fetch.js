/** A fetch whose connections can be cut from outside: whoever reads sees what a broken network would show it. */
export class CuttableFetch {
  #cutting = new AbortController();

  /** To be given where `fetch` is wanted. */
  fetch = (url, options = {}) => {
    const signals = [options.signal, this.#cutting.signal].filter(Boolean);
    return fetch(url, { ...options, signal: AbortSignal.any(signals) });
  };

  /** Cuts the connections that are open now; later ones live. */
  cut() {
    this.#cutting.abort(new TypeError('The connection was cut.'));
    this.#cutting = new AbortController();
  }
}

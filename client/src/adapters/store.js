/**
 * Something that runs while anybody listens to it, and has a snapshot for them. Who leaves and comes back at once, as the effects of
 * React's StrictMode do, ends nothing.
 */
export class Store {
  #start;
  #before;
  #snapshot;
  #stop = null;
  #stopping;
  #listeners = new Set();

  /** @param {(publish: (snapshot: object) => void) => () => void} start Begins; gives what ends it. */
  constructor(before, start) {
    this.#before = before;
    this.#snapshot = before;
    this.#start = start;
  }

  subscribe = (listener) => {
    const own = () => listener();
    this.#listeners.add(own);
    clearTimeout(this.#stopping);
    if (!this.#stop) this.#begin();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#stopping = setTimeout(() => this.#end(), 0);
    };
  };

  snapshot = () => this.#snapshot;

  /** What a server renders, and a page before its effects have run. */
  before = () => this.#before;

  /** Begins anew. */
  restart = () => {
    if (!this.#stop) return;
    this.#end();
    this.#begin();
    this.#tell();
  };

  #begin() {
    let isOver = false;
    const stop = this.#start((snapshot) => {
      if (isOver) return;
      this.#snapshot = snapshot;
      this.#tell();
    });
    this.#stop = () => {
      isOver = true;
      stop();
    };
  }

  #end() {
    this.#stop?.();
    this.#stop = null;
    this.#snapshot = this.#before;
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}

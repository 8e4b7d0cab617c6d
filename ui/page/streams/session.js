import { stream } from '../lib/durable-streams-client.index.js';
import { headers } from '../api.js';
import { CuttableFetch } from '../cuttable-fetch.js';
import { entriesOf } from './entries.js';
import { EntryStore } from './entry-store.js';
import { problemOf } from './refusals.js';

// After so much work in one go the browser gets its turn, to paint and to take clicks.
const turnMs = 12;
const rejoinMs = 200;
const handOverMs = 10;
const backoff = { initialDelay: 100, maxDelay: 5000, multiplier: 1.6, maxRetries: Infinity };

/**
 * A stream that is followed by the official client. It is caught up with in requests of their own, whose bytes are counted as they
 * come: a cut there costs no byte twice, and a long past no memory. Then events bring what is new, each with its offset.
 */
export class StreamSession {
  store = new EntryStore();
  state = 'connecting';
  contentType = null;
  rejoins = 0;

  /** What the server said to refuse it: { status, title, detail }. */
  refusal = null;

  #url;
  #from;
  #changed;
  #entries = null;
  #turn = 0;
  #network = new CuttableFetch();
  #visit = new AbortController();
  #resume = null;
  #seeHidden = () => document.hidden && this.#visit.abort();

  /**
   * @param {URL} url The stream.
   * @param {string} from An offset, '-1' or 'now'.
   * @param {() => void} changed Told when there is something new.
   */
  constructor(url, from, changed) {
    this.#url = url;
    this.#from = from;
    this.#changed = changed;
  }

  get isPaused() {
    return this.state === 'paused';
  }

  get isOver() {
    return ['closed', 'gone', 'missing', 'stopped', 'failed'].includes(this.state);
  }

  get isJson() {
    return this.#entries?.isJson ?? false;
  }

  /** The offset of what comes next, or null. */
  get offset() {
    return this.#entries && String(this.#entries.position).padStart(19, '0');
  }

  /** Follows it until it is closed, refused or stopped. */
  async follow() {
    // A page that nobody sees needs no connection.
    document.addEventListener('visibilitychange', this.#seeHidden);
    while (!this.isOver) {
      await whenVisible();
      if (this.isPaused) await this.#whenResumed();
      if (this.isOver) break;
      this.#visit = new AbortController();
      try {
        if (await this.#catchUp(this.#visit.signal) || await this.#listen(this.#visit.signal)) this.#to('closed');
      } catch (error) {
        await this.#fail(error);
      } finally {
        // What a session hands over after its end comes again in the next one.
        this.#visit.abort();
      }
    }

    document.removeEventListener('visibilitychange', this.#seeHidden);
  }

  /** Leaves the stream, and keeps the place. */
  pause() {
    if (this.isOver || this.isPaused) return;
    this.#to('paused');
    this.#visit.abort();
  }

  resume() {
    if (!this.isPaused) return;
    this.#to('connecting');
    this.#resume?.();
  }

  cut() {
    this.#network.cut();
  }

  stop() {
    if (this.isOver) return;
    this.#to('stopped');
    this.#resume?.();
    this.#visit.abort();
  }

  // Gives whether the stream is closed.
  async #catchUp(signal) {
    for (;;) {
      const response = await this.#open(signal, false);
      this.#entries ??= entriesOf(this.contentType, positionOf(this.#from, response.offset), this.store);
      this.#entries.rejoin();
      this.#to('catching-up');
      for await (const bytes of response.bodyStream()) {
        this.#entries.read(bytes);
        await this.#paint();
      }

      // The client ends a body quietly when it is told to leave.
      signal.throwIfAborted();
      if (this.#entries.position < Number(response.offset)) throw new TypeError('The body was cut.');
      if (response.streamClosed) return true;
      if (response.upToDate) return false;
    }
  }

  async #listen(signal) {
    const response = await this.#open(signal, 'sse');
    this.#entries.rejoin();
    response.subscribeBytes(async ({ data, offset, upToDate }) => {
      if (signal.aborted) return;
      const next = Number(offset);
      // What comes twice was followed by no offset before the connection ended.
      if (data.length > 0 && next > this.#entries.position) this.#entries.read(data);
      // And not as it was counted: events have their own line breaks.
      this.#entries.position = Math.max(next, this.#entries.position);
      this.#to(upToDate ? 'live' : 'catching-up');
      await this.#paint();
    });
    await response.closed;
    // The client may say so before it hands the last bytes over.
    while (this.#entries.position < Number(response.offset) && !signal.aborted) await pause(handOverMs);
    signal.throwIfAborted();
    if (!response.streamClosed) throw new TypeError('The connection has ended.');
    return true;
  }

  async #open(signal, live) {
    const response = await stream({
      url: this.#url,
      offset: this.offset ?? this.#from,
      live,
      signal,
      headers: headers(),
      fetch: this.#network.fetch,
      backoffOptions: { ...backoff, onFailedAttempt: () => signal.aborted || this.#to('reconnecting') },
      warnOnHttp: false,
    });
    // Whoever reads it is told, too.
    response.closed.catch(() => {});
    this.contentType ??= response.contentType ?? 'application/octet-stream';
    return response;
  }

  async #fail(error) {
    // Paused, stopped or hidden: nothing has failed.
    if (this.#visit.signal.aborted) return;
    this.refusal = await problemOf(error);
    if (!this.refusal) {
      this.rejoins++;
      this.#to('reconnecting');
      await pause(rejoinMs);
      return;
    }

    const { status } = this.refusal;
    const isAbsent = status === 404 || status === 410;
    this.#to(isAbsent ? (this.#entries || status === 410 ? 'gone' : 'missing') : 'failed');
  }

  #to(state) {
    if (this.isOver || (this.isPaused && state !== 'connecting' && state !== 'stopped')) return;
    this.state = state;
    this.#changed();
  }

  async #paint() {
    this.#changed();
    if (performance.now() - this.#turn < turnMs) return;
    await nextTask();
    this.#turn = performance.now();
  }

  #whenResumed() {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }
}

// An offset of this server is the number of what stands before it. Only a number's can be counted on from; the server checks it.
function positionOf(from, offset) {
  return from === '-1' ? 0 : Number(from === 'now' ? offset : from);
}

function whenVisible() {
  return document.hidden && new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function nextTask() {
  return globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

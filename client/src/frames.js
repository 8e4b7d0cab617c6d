import { StreamError, Interruption } from './failures.js';
import { eachLine } from './lines.js';

// Of servers whose schema does not say whether checkpoints will come: a keyed stream sends one with each flush, and a flush is
// at most this much and a row, the largest FlushBytes.
const keylessAfterBytes = 1024 * 1024 + 1;

/**
 * What one response in `frames` has said so far (docs/formats.md). Rows are ready once a checkpoint covers them, or the
 * end does, or it is clear that none will.
 */
export class Frames {
  static mediaType = 'application/vnd.chunkstream+ndjson';

  schema = null;
  problem = null;
  end = null;

  /** How many rows came. */
  rows = 0;

  #hasCheckpoints;
  #isKeyless = false;
  #bytes = 0;
  #held = [];
  #ready = [];
  #checkpoint = null;
  #broken = null;

  constructor(isResumed) {
    this.#hasCheckpoints = isResumed;
  }

  /** Whether there are rows of which only time can tell if a checkpoint follows, as the schema does not say it. */
  get isUndecided() {
    return this.#held.length > 0 && !this.#hasCheckpoints;
  }

  /** Takes in some whole lines. */
  push(text, bytes) {
    this.#bytes += bytes;
    eachLine(text, (line) => this.#read(line));
    if (this.#isKeyless || this.#bytes > keylessAfterBytes) this.letGo();
  }

  /** The body has ended. */
  finish() {
    if (!this.end) throw new Interruption('The connection ended before the stream did.');
  }

  /** No checkpoint will come for the rows that are held, or none was needed. */
  letGo() {
    if (this.#hasCheckpoints) return;
    this.#isKeyless = true;
    this.release(null);
  }

  /** The rows that are ready since the last time, and the token after exactly these, or null if there is none. */
  take() {
    const taken = { rows: this.#ready, checkpoint: this.#checkpoint };
    this.#ready = [];
    this.#checkpoint = null;
    return taken;
  }

  #read(line) {
    if (this.end || this.problem) return;
    const frame = this.#parsed(line);
    if (frame === null) return;
    if (this.record(frame, line)) {
      this.rows++;
    } else if (frame.checkpoint !== undefined) {
      this.checkpoint(frame.checkpoint);
    } else if (frame.schema !== undefined) {
      this.begin(frame.schema);
    } else if (frame.error !== undefined) {
      this.problem = frame.error;
    } else if (frame.end !== undefined) {
      this.#finishWith(frame.end);
    }
  }

  /** Holds a record; says whether the frame is one. */
  record(frame) {
    if (frame.row === undefined) return false;
    this.hold(frame.row);
    return true;
  }

  begin(schema) {
    this.schema ??= schema;
    if (schema.checkpoints === undefined) return;
    this.#hasCheckpoints = schema.checkpoints;
    this.#isKeyless = !schema.checkpoints;
  }

  checkpoint(token) {
    this.#hasCheckpoints = true;
    this.release(token);
  }

  /** Nothing more comes; what follows is asked for with the token. */
  over(token) {
    this.release(token);
  }

  /** Keeps a record until it is clear that the stream can go on after it. */
  hold(record) {
    this.#held.push(record);
  }

  /** Forgets what is held. */
  drop() {
    this.#held = [];
  }

  /** What is held is ready; with the token another request goes on after it. */
  release(token) {
    this.#ready = this.#ready.length === 0 ? this.#held : this.#ready.concat(this.#held);
    this.#held = [];
    this.#checkpoint = token;
  }

  // A record on which the server failed is cut off; then its error follows on a line of its own.
  #parsed(line) {
    let frame;
    try {
      frame = JSON.parse(line);
    } catch (cause) {
      if (!this.#broken) {
        this.#broken = cause;
        return null;
      }
    }
    if (this.#broken && frame?.error === undefined) throw new StreamError('A line of the stream is not JSON.', { cause: this.#broken });
    return frame;
  }

  #finishWith(end) {
    if (end.rows !== this.rows) throw new StreamError(`The server counted ${end.rows} rows, but ${this.rows} came.`);
    this.end = end;
    this.over(end.continue);
  }
}

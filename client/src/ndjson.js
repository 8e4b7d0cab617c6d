import { StreamError } from './failures.js';
import { eachLine } from './lines.js';

/** Any server's lines of JSON: no schema, no checkpoints, and complete if the response ends cleanly. */
export class Ndjson {
  static mediaType = 'application/x-ndjson';

  schema = { columns: [], estimatedRows: null, checkpoints: false };
  problem = null;
  end = null;
  rows = 0;
  isUndecided = false;
  #ready = [];

  push(text) {
    eachLine(text, (line) => this.#read(line));
  }

  /** The body has ended; its last line may have no line break. */
  finish(lines) {
    this.#read(lines.rest());
    this.end = { rows: this.rows, continue: null };
  }

  letGo() {}

  take() {
    const taken = { rows: this.#ready, checkpoint: null };
    this.#ready = [];
    return taken;
  }

  #read(line) {
    // Heartbeats are spaces.
    if (line.trim() === '') return;
    this.rows++;
    try {
      this.#ready.push(JSON.parse(line));
    } catch (cause) {
      throw new StreamError('A line of the stream is not JSON.', { cause });
    }
  }
}

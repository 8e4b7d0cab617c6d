import { Frames } from '../frames.js';
import { Keys } from './keys.js';

/**
 * What one response of a live query has said so far (docs/live-queries.md). The rows with which it begins are ready once a
 * checkpoint covers them, as those of any stream. What has changed since is ready at the next position: so all that one
 * transaction changed is given out together, and another request goes on after exactly that.
 */
export class LiveFrames extends Frames {
  #keys = null;
  #isInStep = false;

  constructor() {
    // A live query has a key, so it has checkpoints.
    super(true);
  }

  begin(schema) {
    this.schema ??= schema;
    this.#keys = new Keys(schema);
  }

  record(frame, line) {
    if (frame.row !== undefined) {
      this.#change('upsert', frame.row, line);
    } else if (frame.upsert !== undefined) {
      this.#isInStep = true;
      this.#change('upsert', frame.upsert, line);
    } else if (frame.delete !== undefined) {
      this.#isInStep = true;
      this.#change('delete', frame.delete, line);
    } else if (frame['up-to-date'] !== undefined) {
      this.#reach(frame['up-to-date'].position);
    } else if (frame['must-refetch'] !== undefined) {
      this.#beginAnew(frame['must-refetch'].reason);
    } else {
      return false;
    }
    return true;
  }

  /** Inside of a step the token is still that of the position before it. */
  checkpoint(token) {
    if (!this.#isInStep) super.checkpoint(token);
  }

  /** A step that is not whole comes again. */
  over(token) {
    if (this.#isInStep) this.drop();
    super.over(token);
  }

  #change(type, row, line) {
    this.hold({ type, key: this.#keys.of(row, line), row });
  }

  #reach(position) {
    this.#isInStep = false;
    this.hold({ type: 'up-to-date', position });
    this.release(position);
  }

  // It waits for the first checkpoint behind it: without one, another request is told of it again.
  #beginAnew(reason) {
    this.#isInStep = false;
    this.drop();
    this.hold({ type: 'must-refetch', reason });
  }
}

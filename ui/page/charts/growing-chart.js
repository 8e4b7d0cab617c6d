import { Plot } from './plot.js';

export const mostPoints = 2000;
const slidingStep = 100;

/**
 * A line that grows. Beyond some thousand points every second one is left out, and from then on taken half as often; or, where
 * it slides, the oldest ones go.
 */
export class GrowingChart {
  #plot;
  #isSliding;
  #xs = [];
  #ys = [];
  #step = 1;
  #skipped = 0;

  /** @param {{ isSliding?: boolean, unit?: string }} [options] Whether it shows the newest points alone; the unit of the xs. */
  constructor(element, color, { isSliding = false, unit } = {}) {
    this.#plot = new Plot(element, color, unit);
    this.#isSliding = isSliding;
    this.clear();
  }

  get count() {
    return this.#xs.length;
  }

  clear(note = 'Nothing yet') {
    this.#xs = [];
    this.#ys = [];
    this.#step = 1;
    this.#skipped = 0;
    this.#plot.empty(note);
  }

  add(x, y) {
    if (++this.#skipped < this.#step) return;
    this.#skipped = 0;
    this.#xs.push(x);
    this.#ys.push(y);
    if (this.#xs.length <= mostPoints) return;
    if (this.#isSliding) {
      // Some at a time: each moves all that stay.
      this.#xs.splice(0, slidingStep);
      this.#ys.splice(0, slidingStep);
      return;
    }
    this.#xs = this.#xs.filter((_, index) => index % 2 === 0);
    this.#ys = this.#ys.filter((_, index) => index % 2 === 0);
    this.#step *= 2;
  }

  /** Paints what was added, and says it to those who can't see it. One point is no line yet. */
  draw(description) {
    if (this.#xs.length > 1) this.#plot.draw({ xs: this.#xs, ys: this.#ys, kind: 'line' }, description);
    else this.#plot.empty('One value so far');
  }
}

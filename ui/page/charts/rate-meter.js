// Over how long a time a speed is taken: short enough to see a pause, long enough not to flicker.
const windowSeconds = 1;

/**
 * How fast something is counted. It has no answer in the first second, because what comes then comes together with the answer to
 * a question, and says nothing of what follows.
 */
export class RateMeter {
  #samples = [];

  /** @param {number} seconds Since the first was counted. @param {number[]} counts So far, of each thing. */
  add(seconds, ...counts) {
    this.#samples.push({ seconds, counts });
    while (this.#samples.length > 2 && this.#samples[1].seconds <= seconds - windowSeconds) this.#samples.shift();
  }

  /** How many a second of each thing; null where it is too early to say. */
  get rates() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || last.seconds - first.seconds < windowSeconds) return null;
    return last.counts.map((count, index) => (count - first.counts[index]) / (last.seconds - first.seconds));
  }
}

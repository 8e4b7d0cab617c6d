import { GrowingChart } from './growing-chart.js';
import { short } from './plot.js';

/** How fast rows come, or changes, over time. */
export class RateChart {
  #chart;
  #unit = 'rows';

  constructor(element) {
    this.#chart = new GrowingChart(element, '--accent', { unit: ' s' });
  }

  /** @param {string} unit What is counted. */
  begin(unit) {
    this.#unit = unit;
    this.#chart.clear();
  }

  /** @param {number | null} rate Null where it is too early to say. */
  add(seconds, rate) {
    if (rate === null) return;
    this.#chart.add(seconds, rate);
    this.#chart.draw(`${short.format(rate)} ${this.#unit} a second after ${seconds.toFixed(1)} seconds`);
  }

  /** Nothing more will come. */
  end(seconds, hasRows) {
    if (this.#chart.count < 2) this.#chart.clear(hasRows ? `Too short to draw: over after ${seconds.toFixed(1)} s` : 'Nothing to draw');
  }
}

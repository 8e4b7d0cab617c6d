import uPlot from './lib/uPlot.esm.js';
import { valueOf } from './row-store.js';

export const mostPoints = 2000;
const slidingStep = 100;
const numeric = /^(int|float|numeric)/;
const dark = matchMedia('(prefers-color-scheme: dark)');

/**
 * A chart that grows. Beyond some thousand points every second one is left out, and from then on taken half as often; or, where
 * it slides, the oldest ones go.
 */
export class GrowingChart {
  #element;
  #plot = null;
  #xs = [];
  #ys = [];

  /** How many points come to each one that is kept. */
  step = 1;

  /**
   * @param {boolean} isScattered Whether its points have nothing to do with their neighbours.
   * @param {boolean} isSliding Whether it shows the newest points alone.
   */
  constructor(element, color, isScattered, isSliding = false) {
    this.#element = element;
    this.isSliding = isSliding;
    this.color = color;
    this.line = isScattered ? { paths: () => null, points: { show: true, size: 3, width: 0, fill: () => colorOf(color) } } : { points: { show: false } };
    new ResizeObserver(() => this.#resize()).observe(element);
    dark.addEventListener('change', () => this.#plot?.redraw());
  }

  clear() {
    this.#xs = [];
    this.#ys = [];
    this.step = 1;
    this.draw('Nothing yet');
  }

  add(x, y) {
    this.#xs.push(x);
    this.#ys.push(y);
    if (this.#xs.length <= mostPoints) return;
    if (this.isSliding) {
      // Some at a time: each moves all that stay.
      this.#xs.splice(0, slidingStep);
      this.#ys.splice(0, slidingStep);
      return;
    }
    this.#xs = this.#xs.filter((_, index) => index % 2 === 0);
    this.#ys = this.#ys.filter((_, index) => index % 2 === 0);
    this.step *= 2;
  }

  /** Paints what was added, and says it to those who can't see it. */
  draw(description) {
    this.#element.setAttribute('aria-label', description);
    this.#plot ??= this.#create();
    this.#plot.setData([this.#xs, this.#ys]);
  }

  #create() {
    const axis = { stroke: () => colorOf('--muted'), grid: { stroke: () => colorOf('--line'), width: 1 }, ticks: { stroke: () => colorOf('--line') } };
    return new uPlot({
      ...this.#size(),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false } },
      series: [{}, { stroke: () => colorOf(this.color), width: 1.5, ...this.line }],
      axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => short.format(tick)) }],
    }, [this.#xs, this.#ys], this.#element);
  }

  #size() {
    return { width: Math.max(100, this.#element.clientWidth), height: this.#element.clientHeight };
  }

  #resize() {
    this.#plot?.setSize(this.#size());
  }
}

/** How fast the rows come, over time. */
export class RateChart {
  #chart;

  constructor(element) {
    this.#chart = new GrowingChart(element, '--accent', false);
  }

  clear() {
    this.#chart.clear();
  }

  add(seconds, rate) {
    this.#chart.add(seconds, rate);
    this.#chart.draw(`${short.format(rate)} rows a second after ${seconds.toFixed(1)} seconds`);
  }
}

/** A sample of one column's values, over the rows. */
export class ColumnChart {
  #chart;
  #select;
  #store = null;
  #next = 0;

  constructor(element, select) {
    this.#chart = new GrowingChart(element, '--second', true);
    this.#select = select;
    select.addEventListener('change', () => this.#restart());
  }

  begin(store) {
    this.#store = store;
    this.#select.replaceChildren();
    this.#restart();
  }

  /** Offers the columns that can be drawn. */
  offer(columns) {
    if (this.#select.options.length > 0) return;
    const offered = columns.filter(({ type }) => numeric.test(type) || type === 'json');
    this.#select.append(...offered.map(({ name }) => new Option(name)));
    // A key only climbs: the column after it says more.
    if (offered.length > 1) this.#select.selectedIndex = 1;
  }

  update() {
    const column = this.#select.value;
    if (!column || !this.#store || this.#next >= this.#store.count) return;
    for (; this.#next < this.#store.count; this.#next += this.#chart.step) {
      const value = Number(valueOf(this.#store.at(this.#next), column) ?? NaN);
      this.#chart.add(this.#next + 1, Number.isFinite(value) ? value : null);
    }
    this.#chart.draw(`Values of ${column} in a sample of ${this.#store.count} rows`);
  }

  #restart() {
    this.#next = 0;
    this.#chart.clear();
    this.update();
  }
}

export const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function colorOf(name) {
  // A property that light-dark() gives is resolved only where it is used.
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const probe = document.createElement('span');
probe.hidden = true;
document.body.append(probe);

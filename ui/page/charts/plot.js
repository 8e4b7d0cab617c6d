import './language.js';
import uPlot from '../lib/uPlot.esm.js';

export const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });

// With fewer points each one is drawn so that it can be seen.
const few = 100;
// How times are written, by how many days are seen.
const formats = [
  [0.04, { minute: '2-digit', hour: '2-digit', second: '2-digit', hourCycle: 'h23' }],
  [2, { minute: '2-digit', hour: '2-digit', hourCycle: 'h23' }],
  [300, { day: 'numeric', month: 'short' }],
  [Infinity, { month: 'short', year: 'numeric' }],
].map(([mostDays, options]) => ({ mostDays, format: new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' }) }));

const dark = matchMedia('(prefers-color-scheme: dark)');

/** A chart in an element that has the role img; or, where there is nothing to draw, a note in its place. */
export class Plot {
  #element;
  #color;
  #unit;
  #note = Object.assign(document.createElement('p'), { className: 'chart-note' });
  #uplot = null;
  #shape = '';

  /** @param {string} color The name of a custom property. @param {string} unit Of the xs. */
  constructor(element, color, unit = '') {
    this.#element = element;
    this.#color = color;
    this.#unit = unit;
    element.append(this.#note);
    new ResizeObserver(() => this.#uplot?.setSize(this.#size())).observe(element);
    dark.addEventListener('change', () => this.#uplot?.redraw());
  }

  /** Says why there is nothing to see. */
  empty(note) {
    this.#remove();
    this.#note.textContent = note;
    this.#element.setAttribute('aria-label', note);
  }

  /**
   * @param {{ xs: number[], ys: number[], kind: 'line' | 'points' | 'bars', isTime?: boolean }} data With the xs in order; times in seconds.
   * @param {string} description For those who can't see it.
   */
  draw({ xs, ys, kind, isTime = false }, description) {
    const shape = `${kind} ${isTime} ${kind === 'points' && xs.length < few}`;
    if (shape !== this.#shape) this.#remove();
    this.#shape = shape;
    this.#note.textContent = '';
    this.#element.setAttribute('aria-label', description);
    this.#uplot ??= this.#create(kind, isTime, xs.length < few);
    this.#uplot.setData([xs, ys]);
  }

  #create(kind, isTime, isSparse) {
    const color = () => colorOf(this.#color);
    const axis = { stroke: () => colorOf('--muted'), grid: { stroke: () => colorOf('--line'), width: 1 }, ticks: { stroke: () => colorOf('--line') } };
    const values = (unit) => (_, ticks) => ticks.map((tick) => (tick === null ? '' : short.format(tick) + unit));
    const looks = {
      line: { points: { show: false } },
      points: { paths: () => null, points: { show: true, size: isSparse ? 6 : 3, width: 0, fill: color } },
      bars: { paths: uPlot.paths.bars({ size: [0.9, 100] }), points: { show: false }, fill: color },
    };
    return new uPlot({
      ...this.#size(),
      padding: [12, 20, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      // The server's times have no zone, or are of many: all are drawn as UTC.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: { x: { time: isTime, ...(kind === 'bars' ? { range: rangeOfBars } : {}) }, y: { range: kind === 'points' ? rangeOfPoints : rangeFromZero } },
      series: [{}, { stroke: color, width: 1.5, ...looks[kind] }],
      axes: [{ ...axis, size: 32, values: isTime ? timesOf : values(this.#unit) }, { ...axis, size: 56, values: values('') }],
    }, [[], []], this.#element);
  }

  #remove() {
    this.#uplot?.destroy();
    this.#uplot = null;
    this.#shape = '';
  }

  #size() {
    return { width: Math.max(100, this.#element.clientWidth), height: Math.max(60, this.#element.clientHeight) };
  }
}

// Half a bar more on each side than the middles of the outermost ones.
function rangeOfBars({ data: [xs] }, least, most) {
  const half = xs.length > 1 ? (xs[1] - xs[0]) / 2 : 0.5;
  return wideEnough(least - half, most + half);
}

function rangeOfPoints(_, least, most) {
  return wideEnough(...uPlot.rangeNum(least, most, 0.1, true));
}

function rangeFromZero(_, least, most) {
  return [Math.min(0, least), most > 0 ? most * 1.08 : 1];
}

// Of numbers beyond 2^53 the next tick may be the same number, and then uPlot makes ticks without end.
function wideEnough(least, most) {
  const width = Math.max(Math.abs(least), Math.abs(most)) * 1e-9;
  return most - least < width ? [least - width, most + width] : [least, most];
}

function timesOf(_, ticks) {
  const days = (ticks.at(-1) - ticks[0]) / 86_400;
  const format = formats.find(({ mostDays }) => days <= mostDays).format;
  return ticks.map((tick) => format.format(tick * 1000));
}

function colorOf(name) {
  // A property that light-dark() gives is resolved only where it is used.
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const probe = document.createElement('span');
probe.hidden = true;
document.body.append(probe);

import { GrowingChart, mostPoints } from '../charts/growing-chart.js';
import { short } from '../charts/plot.js';

const sampleMs = 500;
// What comes at once, with the answer to the question, says nothing of what follows.
const warmUpMs = 1000;
const mostFields = 100;
const deepest = 3;
const mostLookedAt = 20;
const noField = new Option('no number yet', '');

/** How many entries come a second, over the last minutes. */
export class EntryRate {
  #chart;
  #began = 0;
  #sampledAt = 0;
  #sampled = 0;

  constructor(element) {
    this.#chart = new GrowingChart(element, '--accent', { isSliding: true, unit: ' s' });
  }

  begin() {
    this.#chart.clear();
    this.#began = this.#sampledAt = performance.now();
    this.#sampled = 0;
  }

  /** Takes a sample, if it is time; gives the entries a second then, else null. */
  sample(count) {
    const now = performance.now();
    if (now - this.#began < warmUpMs) {
      this.#sampledAt = now;
      this.#sampled = count;
      return null;
    }

    const ms = now - this.#sampledAt;
    if (ms < sampleMs) return null;
    const rate = (count - this.#sampled) * 1000 / ms;
    this.#sampledAt = now;
    this.#sampled = count;
    const seconds = (now - this.#began) / 1000;
    this.#chart.add(seconds, rate);
    this.#chart.draw(`${short.format(rate)} a second after ${seconds.toFixed(0)} seconds`);
    return rate;
  }
}

/** A number of one's choice in the newest JSON messages, over their offsets. */
export class FieldChart {
  #chart;
  #select;
  #store = null;
  #next = 0;
  #looked = 0;
  #fields = new Set();

  constructor(element, select) {
    this.#chart = new GrowingChart(element, '--second', { isSliding: true });
    this.#select = select;
    select.addEventListener('change', () => this.#restart());
  }

  begin(store) {
    this.#store = store;
    this.#looked = 0;
    this.#fields.clear();
    this.#select.replaceChildren(noField);
    this.#restart();
  }

  /** Draws what is new. */
  update() {
    const { first, end } = this.#store;
    // What there is shows in a few of them, and others come.
    for (this.#looked = Math.max(this.#looked, first, end - mostLookedAt); this.#looked < end; this.#looked++) {
      this.#offer(valueOf(this.#store.at(this.#looked).text));
    }

    const option = this.#select.selectedOptions[0];
    if (!option?.value || this.#next >= end) return;
    const path = JSON.parse(option.value);
    // What would slide out at once is not parsed at all.
    for (this.#next = Math.max(this.#next, first, end - mostPoints); this.#next < end; this.#next++) {
      const { offset, text } = this.#store.at(this.#next);
      const value = path.reduce((inner, name) => inner?.[name], valueOf(text));
      this.#chart.add(offset, typeof value === 'number' ? value : null);
    }

    this.#chart.draw(`${option.text} in the newest messages, up to offset ${this.#store.at(end - 1).offset}`);
  }

  // A message may have what none had before.
  #offer(message) {
    for (const path of numbersIn(message, [])) {
      const value = JSON.stringify(path);
      if (this.#fields.has(value) || this.#fields.size >= mostFields) continue;
      noField.remove();
      this.#fields.add(value);
      this.#select.append(new Option(path.join('.') || 'the message', value));
    }
  }

  #restart() {
    this.#next = 0;
    this.#chart.clear();
    if (this.#store) this.update();
  }
}

function* numbersIn(value, path) {
  if (typeof value === 'number') yield path;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || path.length >= deepest) return;
  for (const name of Object.keys(value)) yield* numbersIn(value[name], [...path, name]);
}

function valueOf(json) {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

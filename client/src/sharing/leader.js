import { partsOf } from './messages.js';

/** The tab that has the connection: it tells the others each step, and gives those who are new all rows. */
export class Leader {
  #tabs;
  #sink;
  #id = crypto.randomUUID();
  #seq = 0;
  #schema = null;
  #state = 'connecting';

  /** @param {BroadcastChannel} tabs The other tabs. */
  constructor(tabs, sink) {
    this.#tabs = tabs;
    this.#sink = sink;
    sink.to(this.#state);
    this.#say({ type: 'lead', position: sink.position });
  }

  describe(schema) {
    this.#schema = schema;
    this.#sink.describe(schema);
  }

  apply(step) {
    this.#seq++;
    for (const part of partsOf(step)) this.#say({ type: 'step', seq: this.#seq, schema: this.#schema, part });
    this.#sink.apply(step);
  }

  to(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#say({ type: 'state' });
    this.#sink.to(state);
  }

  /** Answers a tab that asks whether anybody leads, and for the rows if it lacks them. */
  answer({ from, wants, hasRows }) {
    // Rows of before this tab led may be older than those that the other one has.
    const isBehind = hasRows && this.#seq === 0;
    if (!wants || isBehind) {
      this.#say({ type: 'here' });
      return;
    }

    const { position, changes } = this.#sink.snapshot();
    const asking = new BroadcastChannel(`${this.#tabs.name}/${from}`);
    const told = { leader: this.#id, seq: this.#seq, state: this.#state, schema: this.#schema };
    for (const part of partsOf({ isAnew: true, changes, position })) asking.postMessage({ ...told, part });
    asking.close();
  }

  #say(message) {
    this.#tabs.postMessage({ ...message, leader: this.#id, state: this.#state });
  }
}

import { onWake } from '../wake.js';
import { Parts } from './messages.js';

const lookMs = 1000;

// After a silence the leader is asked whether it is there. It answers at once, unless its tab stands still. Its time is counted in
// looks: a tab that stood still itself looks only once when it goes on, and hears the answer before its next look.
const silenceMs = 8000;
const answerLooks = 4;

// Steps that came before the rows did. Where there are more, the older ones go, and the gap is noticed.
const mostEarly = 1000;

/** A tab without a connection: it takes each step from the leader, and asks for all rows where it has missed one. */
export class Follower {
  #tabs;
  #sink;
  #stalled;
  #id = crypto.randomUUID();
  #own;
  #looking;
  #stopWaking;
  #leader = null;
  #seq = 0;
  #isInTouch = false;
  #early = [];
  #incomplete = null;
  #parts = new Parts();
  #rows = new Map();
  #heardAt = Date.now();
  #unanswered = null;

  /** @param {() => void} stalled Called when the leader's tab stands still, and somebody looks at this one. */
  constructor(tabs, sink, stalled) {
    this.#tabs = tabs;
    this.#sink = sink;
    this.#stalled = stalled;
    this.#own = new BroadcastChannel(`${tabs.name}/${this.#id}`);
    this.#own.onmessage = ({ data }) => this.#takeRows(data);
    this.#looking = setInterval(() => this.#look(), lookMs);
    this.#stopWaking = onWake(() => this.#ask());
    this.#ask();
  }

  close() {
    clearInterval(this.#looking);
    this.#stopWaking();
    this.#own.close();
  }

  /** What a leader says to all. */
  hear(message) {
    this.#heardAt = Date.now();
    this.#unanswered = null;
    this.#sink.to(message.state);
    if (message.type === 'lead') {
      this.#adopt(message);
      return;
    }

    // The rows may be of a tab that stood still, and gave them out before it knew that another one leads.
    if (this.#isInTouch && message.leader !== this.#leader) this.#loseTouch();
    if (message.type === 'step') this.#takeStep(message);
  }

  #adopt({ leader, position }) {
    this.#leader = leader;
    this.#seq = 0;
    this.#early = [];
    this.#parts = new Parts();
    this.#isInTouch = position === this.#sink.position;
    if (!this.#isInTouch) this.#ask();
  }

  #takeStep(message) {
    if (!this.#isInTouch) {
      this.#keepEarly(message);
      return;
    }

    const { seq, schema, part } = message;
    if (seq <= this.#seq) return;
    if (seq !== this.#seq + 1) {
      this.#loseTouch();
      this.#keepEarly(message);
      return;
    }
    const step = this.#parts.add(part);
    if (!step) return;
    this.#seq = seq;
    this.#sink.describe(schema);
    this.#sink.apply(step);
  }

  // Two tabs may answer at once, one of which does not know yet that the other one leads: their parts must not be mixed.
  #takeRows({ leader, seq, state, schema, part }) {
    if (!this.#rows.has(leader)) this.#rows.set(leader, new Parts());
    const step = this.#rows.get(leader).add(part);
    if (!step || this.#isInTouch) return;
    this.#heardAt = Date.now();
    this.#unanswered = null;
    this.#leader = leader;
    this.#seq = seq;
    this.#parts = new Parts();
    this.#isInTouch = true;
    this.#sink.to(state);
    if (schema) this.#sink.describe(schema);
    if (step.position !== null) this.#sink.apply(step);

    const early = this.#early;
    this.#early = [];
    for (const message of early) if (message.leader === leader && message.seq > seq) this.#takeStep(message);
  }

  #keepEarly(message) {
    if (this.#early.length === mostEarly) {
      this.#early = [];
      this.#incomplete = message.seq;
    }

    // The first parts of this step are gone. Without them its last parts would pass for the whole step.
    if (message.seq !== this.#incomplete) this.#early.push(message);
  }

  #loseTouch() {
    this.#isInTouch = false;
    this.#parts = new Parts();
    this.#ask();
  }

  #ask() {
    this.#unanswered ??= 0;
    this.#tabs.postMessage({ type: 'hello', from: this.#id, wants: !this.#isInTouch, hasRows: this.#sink.position !== null });
  }

  #look() {
    if (this.#unanswered !== null) this.#unanswered++;
    if (!this.#isInTouch || Date.now() - this.#heardAt > silenceMs) this.#ask();
    if (this.#unanswered >= answerLooks && globalThis.document?.visibilityState === 'visible') this.#stalled();
  }
}

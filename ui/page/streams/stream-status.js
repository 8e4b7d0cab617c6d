const whole = new Intl.NumberFormat('en');

// As often as one can listen to it without losing the thread.
const spokenEveryMs = 8000;

const words = {
  connecting: 'Connecting…',
  'catching-up': 'Catching up…',
  live: 'Live: what is appended appears',
  paused: 'Paused: nothing is read, and going on misses nothing',
  reconnecting: 'The connection is gone; rejoining…',
  closed: 'Closed: nothing more will come',
  gone: 'Gone: the stream was deleted, or has expired',
  missing: 'There is no such stream: “Create the stream” makes it',
  stopped: 'Stopped',
  failed: 'Failed',
};

/** How a stream is followed: in figures, in a word, and what is read aloud. */
export class StreamStatus {
  #at = (id) => document.getElementById(id);
  #spoken = '';
  #spokenAt = 0;
  #spokenCount = 0;

  begin() {
    this.#spoken = '';
    this.#set('stream-rate', '–');
  }

  /** @param {number | null} rate Entries a second, if there is a new figure. */
  show(session, rate) {
    const count = session.store.end;
    const unit = session.contentType === null || session.isJson ? 'Messages' : 'Lines';
    this.#set('stream-count-name', unit);
    this.#set('stream-rate-title', `${unit} a second`);
    this.#set('stream-count', whole.format(count));
    if (rate !== null) this.#set('stream-rate', whole.format(Math.round(rate)));
    this.#set('stream-next', session.offset ?? '–');
    this.#set('stream-type', session.contentType ?? '–');
    this.#set('stream-rejoins', whole.format(session.rejoins));
    this.#set('stream-state', words[session.state]);
    this.#at('stream-state').dataset.state = session.state;
    this.#speak(session.state, count, unit);
  }

  #speak(state, count, unit) {
    const now = performance.now();
    if (state === this.#spoken && (count === this.#spokenCount || now - this.#spokenAt < spokenEveryMs)) return;
    this.#spoken = state;
    this.#spokenAt = now;
    this.#spokenCount = count;
    this.#set('stream-live', `${words[state]}. ${whole.format(count)} ${unit.toLowerCase()}.`);
  }

  #set(id, text) {
    const element = this.#at(id);
    if (element.textContent !== text) element.textContent = text;
  }
}

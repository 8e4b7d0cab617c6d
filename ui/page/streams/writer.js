import { DurableStream, IdempotentProducer } from '../lib/durable-streams-client.index.js';
import { headers } from '../api.js';

const attempts = 5;
const firstPauseMs = 200;

/** Writes to one stream. What is appended is there once, also if a connection broke and nobody knows whether it had arrived. */
export class StreamWriter {
  #stream;
  #producer = null;
  #failure = null;
  #last = Promise.resolve();

  /** @param {URL} url The stream. @param {string} contentType Its content type, or the one to create it with. */
  constructor(url, contentType) {
    this.url = url;
    this.contentType = contentType;
    this.#stream = new DurableStream({ url, contentType, headers: { 'x-functions-key': () => headers()['x-functions-key'] ?? '' }, warnOnHttp: false, backoffOptions: { initialDelay: firstPauseMs, maxDelay: 2000, multiplier: 2, maxRetries: attempts } });
  }

  /** Creates the stream; nothing happens if it is there with the same content type. */
  async create() {
    await this.#stream.create({ contentType: this.contentType });
  }

  /** Appends a message, after those before it, and waits until it is kept. */
  append(text) {
    const append = () => this.#append(text);
    return (this.#last = this.#last.then(append, append));
  }

  async #append(text) {
    this.#producer ??= this.#newProducer();
    this.#failure = null;
    this.#producer.append(text);
    await this.#producer.flush();
    if (!this.#failure) return;
    // After a refusal its numbers have a gap.
    this.#producer = null;
    throw this.#failure;
  }

  #newProducer() {
    const name = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return new IdempotentProducer(this.#stream, `page-${name}`, {
      lingerMs: 0,
      maxInFlight: 1,
      fetch: fetchAgain,
      onError: (error) => {
        this.#failure = error;
      },
    });
  }
}

// The producer itself tries once; its numbers make it safe to try again. What is refused ends here: a 409 that says of no number
// (the stream is closed, has another content type) it would send again for ever.
async function fetchAgain(url, options) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, options).catch((error) => {
      if (attempt === attempts) throw error;
    });
    if (response?.ok) return response;
    if (response && (response.status < 500 || attempt === attempts)) {
      throw Object.assign(new Error(`The server answered ${response.status}.`), { status: response.status, text: await response.text() });
    }

    await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** attempt));
  }
}

import { problemOf } from './refusals.js';
import { StreamWriter } from './writer.js';

const json = 'application/json';
const at = (id) => document.getElementById(id);

/** The form that appends to the stream whose path is typed, and creates it. */
export class WriteForm {
  #view;
  #writer = null;
  #known = null;

  /**
   * @param {{ url: () => URL | null, failed: (refusal: object, again: () => void) => void, created: (url: URL) => void }} view
   * Where it writes to, who tells a refusal, and who wants to know of a new stream.
   */
  constructor(view) {
    this.#view = view;
    at('write-type').addEventListener('change', () => this.#explain());
    at('write-form').addEventListener('submit', (submit) => {
      submit.preventDefault();
      this.#append();
    });
    at('write-create').addEventListener('click', () => this.#create());
    this.#explain();
  }

  /** Writes as the followed stream wants it. */
  offer({ contentType }) {
    if (contentType === this.#known) return;
    this.#known = contentType;
    const type = contentType?.split(';')[0].trim().toLowerCase();
    const choices = [[json, 'JSON'], ['text/plain', 'text']];
    if (type && !choices.some(([name]) => name === type)) choices.push([type, type]);
    const chosen = type ?? at('write-type').value;
    at('write-type').replaceChildren(...choices.map(([name, label]) => new Option(label, name)));
    at('write-type').value = chosen;
    if (!at('write-type').value) at('write-type').value = json;
    this.#explain();
  }

  async #append() {
    const text = this.#message();
    if (text === null) return;
    const typed = at('write-text').value;
    await this.#write((writer) => writer.append(text), 'Appended', () => {
      // The next one may be typed already.
      if (at('write-text').value === typed) at('write-text').value = '';
    });
  }

  #create() {
    return this.#write((writer) => writer.create(), 'Created', this.#view.created);
  }

  async #write(write, done, then) {
    const url = this.#view.url();
    if (!url) return;
    const contentType = at('write-type').value;
    if (this.#writer?.url.href !== url.href || this.#writer.contentType !== contentType) this.#writer = new StreamWriter(url, contentType);
    await this.#send(this.#writer, write, done, then);
  }

  // The same to the same place, whatever is typed by the time that it is sent again.
  async #send(writer, write, done, then) {
    at('write-done').textContent = '';
    try {
      await write(writer);
      at('write-done').textContent = done;
      then(writer.url);
    } catch (error) {
      at('write-done').textContent = '';
      this.#view.failed(await problemOf(error) ?? { title: 'That did not work', detail: error.message }, () => this.#send(writer, write, done, then));
    }
  }

  // What can't be JSON is told before it is sent; the server judges the rest.
  #message() {
    const text = at('write-text').value;
    const mistake = at('write-type').value === json ? mistakeIn(text) : (text === '' ? 'There is nothing to append.' : '');
    at('write-error').textContent = mistake;
    if (mistake) {
      at('write-text').setAttribute('aria-invalid', 'true');
      at('write-text').focus();
      return null;
    }

    at('write-text').removeAttribute('aria-invalid');
    return at('write-type').value === json || text.endsWith('\n') ? text : `${text}\n`;
  }

  #explain() {
    at('write-hint').textContent = at('write-type').value === json ? 'One JSON value: one message.' : 'A line break is added at its end.';
  }
}

function mistakeIn(text) {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return `That is not JSON: ${error.message}`;
  }
}

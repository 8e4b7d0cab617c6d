import { get, key } from './api.js';

/**
 * The link that saves what was chosen. Without a key it is a plain link, and the browser streams into the file; a link
 * can't send a header, and a key has no business in an address, so with one the page fetches the file itself.
 */
export class Download {
  #link;
  #name = 'rows';

  /** @param {(error: unknown) => void} failed Told if it can't be had. */
  constructor(link, failed) {
    this.#link = link;
    link.addEventListener('click', (click) => {
      if (!key.value) return;
      click.preventDefault();
      this.#fetch().catch(failed);
    });
  }

  update(url, name, format) {
    this.#name = `${name}.${format === 'text' ? 'txt' : format}`;
    this.#link.href = url;
    this.#link.download = this.#name;
    this.#link.textContent = `Download as ${format.toUpperCase()}`;
  }

  async #fetch() {
    const response = await get(this.#link.href);
    // Rejects if the stream is cut off: a file that is not whole is never saved.
    const file = URL.createObjectURL(await response.blob());
    Object.assign(document.createElement('a'), { href: file, download: this.#name }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60_000);
  }
}

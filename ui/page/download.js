import { get, key } from './api.js';
import { tokenFor } from './user/user.js';

// CSV as people need it who open it in a spreadsheet; programs want the values as they are.
const spreadsheet = 'spreadsheet';

/** What can be downloaded: each format, and CSV for a spreadsheet besides. */
export function fileKinds(formats) {
  return formats.flatMap((format) => [
    { value: format, text: format },
    ...(format === 'csv' ? [{ value: spreadsheet, text: 'csv for a spreadsheet' }] : []),
  ]);
}

/** The parameters that ask for a file of one kind. */
export function parametersOf(kind) {
  return kind === spreadsheet
    ? { format: 'csv', bom: '1', formulas: 'escape', download: '' }
    : { format: kind, download: '' };
}

/**
 * The link that saves what was chosen, under the name that the server gives it. Without a key it is a plain link, and the
 * browser streams into the file; a link can't send a header, and a key or an access token has no business in an address, so with
 * one the page fetches the file itself.
 */
export class Download {
  #link;
  #isForUsers = false;

  /** @param {(error: unknown, url: URL) => void} failed Told if it can't be had. */
  constructor(link, failed) {
    this.#link = link;
    link.addEventListener('click', (click) => {
      if (!key.value && !this.#isForUsers) return;
      click.preventDefault();
      const url = new URL(link.href);
      this.#fetch(url).catch((error) => failed(error, url));
    });
  }

  /** @param {boolean} isForUsers Whether it takes an access token. */
  update(url, kind, isForUsers) {
    this.#isForUsers = isForUsers;
    this.#link.href = url;
    this.#link.textContent = kind === spreadsheet ? 'Download for a spreadsheet' : `Download as ${kind.toUpperCase()}`;
  }

  async #fetch(url) {
    const response = this.#isForUsers ? await this.#getForUser(url) : await get(url);
    const [, name] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('Content-Disposition') ?? '') ?? [];
    // Rejects if the stream is cut off: a file that is not whole is never saved.
    const file = URL.createObjectURL(await response.blob());
    Object.assign(document.createElement('a'), { href: file, download: decodeURIComponent(name ?? 'rows') }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60_000);
  }

  async #getForUser(url) {
    const given = await tokenFor(url);
    try {
      return await get(url, given);
    } catch (error) {
      if (error.status !== 401) throw error;
      return get(url, await tokenFor(url, { refused: given }));
    }
  }
}

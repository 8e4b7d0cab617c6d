import { StreamError } from './failures.js';

const lineFeed = 0x0a;

/**
 * Puts the pieces of a body together to whole lines. It is bytes that are cut at line breaks, so that no character is
 * ever decoded in halves, and a line of megabytes is copied once.
 */
export class Lines {
  #decoder = new TextDecoder('utf-8', { fatal: true });
  #rest = [];

  /** The lines that a piece completes, as one text; empty if it completes none. */
  push(bytes) {
    const end = bytes.lastIndexOf(lineFeed) + 1;
    if (end === 0) {
      this.#rest.push(bytes);
      return '';
    }

    this.#rest.push(bytes.subarray(0, end));
    const text = this.rest();
    if (end < bytes.length) this.#rest.push(bytes.subarray(end));
    return text;
  }

  /** What stands after the last line break. */
  rest() {
    const bytes = this.#rest.length === 1 ? this.#rest[0] : joined(this.#rest);
    this.#rest = [];
    try {
      return this.#decoder.decode(bytes);
    } catch (cause) {
      throw new StreamError('The response is not UTF-8.', { cause });
    }
  }
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Calls back with each line of a text of whole lines, but for empty ones. */
export function eachLine(text, read) {
  for (let start = 0, end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
    if (end > start) read(text.slice(start, end));
  }
}

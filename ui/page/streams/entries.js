import { JsonSplitter } from './json-splitter.js';

// A text need not have line breaks: after so many characters a line is broken off.
const longestLine = 64 * 1024;
const mostBytesShown = 256;

/** What makes entries of the bytes of a stream, by its content type. Its position is where the next bytes stand in the stream. */
export function entriesOf(contentType, position, store) {
  const type = contentType.split(';')[0].trim().toLowerCase();
  if (type === 'application/json') return new Messages(position, store);
  return /^text\/|[/+](json|x?ndjson|x-ndjson|xml|yaml|x-yaml|javascript)$/.test(type) ? new Lines(position, store) : new Pieces(position, store);
}

/** An entry a message of a JSON stream, as it was written: a number beyond JavaScript's stays what it is. */
class Messages {
  isJson = true;

  #splitter;

  constructor(position, store) {
    this.position = position;
    this.store = store;
    this.rejoin();
  }

  read(bytes) {
    for (const text of this.#splitter.split(bytes)) this.store.add(this.position++, text);
  }

  /** The bytes go on at the position: what was begun of a message comes again. */
  rejoin() {
    this.#splitter = new JsonSplitter();
  }
}

/** An entry a line of a text. The last one grows while it has no end. */
class Lines {
  isJson = false;

  // Over the end of a piece, which may stand in the middle of a character.
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #length = 0;

  constructor(position, store) {
    this.position = position;
    this.store = store;
  }

  read(bytes) {
    for (let start = 0; start < bytes.length;) {
      const lineBreak = bytes.indexOf(0x0a, start);
      const end = lineBreak < 0 ? bytes.length : lineBreak;
      this.#add(this.#decoder.decode(bytes.subarray(start, end), { stream: lineBreak < 0 }), lineBreak >= 0);
      const next = lineBreak < 0 ? end : end + 1;
      this.position += next - start;
      start = next;
    }
  }

  rejoin() {
    // Every byte was counted, also those of a character that is not whole yet.
  }

  #add(text, isWhole) {
    const isEnd = isWhole || this.#length + text.length >= longestLine;
    const shown = isWhole && text.endsWith('\r') ? text.slice(0, -1) : text;
    if (this.store.isOpen) this.store.extend(shown, !isEnd);
    else this.store.add(this.position, shown, !isEnd);
    this.#length = isEnd ? 0 : this.#length + text.length;
  }
}

/** An entry a piece of a stream of bytes, as hexadecimal digits. */
class Pieces {
  isJson = false;

  constructor(position, store) {
    this.position = position;
    this.store = store;
  }

  read(bytes) {
    const digits = Array.from(bytes.subarray(0, mostBytesShown), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    this.store.add(this.position, `${bytes.length} bytes: ${digits}${bytes.length > mostBytesShown ? ' …' : ''}`);
    this.position += bytes.length;
  }

  rejoin() {}
}

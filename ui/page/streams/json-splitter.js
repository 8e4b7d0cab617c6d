const quote = 0x22;
const backslash = 0x5c;

/** Takes arrays of JSON apart, one after another, wherever their bytes are cut: gives the text of each element. */
export class JsonSplitter {
  #decoder = new TextDecoder();
  #rest = '';
  #scanned = 0;
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  /** The elements that these bytes end. */
  split(bytes) {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    const elements = [];
    let start = 0;
    for (let at = this.#scanned; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === backslash) this.#isEscaped = true;
        else if (code === quote) this.#inString = false;
        continue;
      }

      const isEnd = this.#depth === 1 && (code === 0x2c || code === 0x5d);
      if (isEnd) {
        const element = text.slice(start, at).trim();
        if (element) elements.push(element);
        start = at + 1;
      }

      if (code === quote) {
        this.#inString = true;
      } else if (code === 0x5b || code === 0x7b) {
        this.#depth++;
        if (this.#depth === 1) start = at + 1;
      } else if (code === 0x5d || code === 0x7d) {
        this.#depth--;
      }
    }

    this.#rest = text.slice(start);
    this.#scanned = this.#rest.length;
    return elements;
  }
}

/** The same JSON on several lines. It is not parsed: numbers stay as they are. */
export function indented(json) {
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g, (token) => {
    if (token.length > 1 && /^[{[]/.test(token)) return token[0] + token.at(-1);
    switch (token) {
      case '{':
      case '[':
        depth++;
        return token + line();
      case '}':
      case ']':
        depth--;
        return line() + token;
      case ',':
        return token + line();
      case ':':
        return ': ';
      default:
        return token.trim() && token;
    }
  });
}

import { StreamError } from '../failures.js';
import { memberText } from './member-text.js';

// The types whose JSON numbers JavaScript reads without loss.
const exactTypes = new Set(['int2', 'int4', 'oid', 'float4', 'float8']);

/**
 * A row's key as a text: the same for keys that are equal, and another one for all others, however many digits they have. Of a
 * key of several columns it is a JSON array of their texts.
 */
export class Keys {
  #columns;

  constructor({ columns, key }) {
    if (!key) throw new StreamError('The server does not say which columns are the key, so its live queries can\'t be followed by this client.');
    this.#columns = key.map((name) => ({ name, type: columns.find((column) => column.name === name)?.type }));
  }

  get names() {
    return this.#columns.map(({ name }) => name);
  }

  /** @param {string} [line] The frame of the row: it has the digits of numbers that JavaScript can't hold. */
  of(row, line) {
    const [first] = this.#columns;
    if (this.#columns.length === 1) return textOf(row[first.name], first, line);
    return JSON.stringify(this.#columns.map((column) => textOf(row[column.name], column, line)));
  }

  /** The text of what a caller names a row by: the value of a key's only column, or an object that has the key's columns. */
  named(key) {
    return key !== null && typeof key === 'object' ? this.of(key) : textOf(key, this.#columns[0]);
  }
}

function textOf(value, { name, type }, line) {
  if (typeof value === 'string') return textOfString(value, type);
  if (typeof value === 'object' && line !== undefined) return memberText(line, name);
  if (typeof value !== 'number' || line === undefined) return numberOrOther(value, type);
  if (exactTypes.has(type) || (type === 'int8' && Number.isSafeInteger(value))) return String(value);
  return plainDecimal(memberText(line, name));
}

// Equal values of these types may be spelled in more than one way.
function textOfString(value, type) {
  if (type === 'bpchar') return value.replace(/ +$/, '');
  return type === 'numeric' ? plainDecimal(value) : value;
}

function numberOrOther(value, type) {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return type === 'numeric' ? plainDecimal(text) : text;
}

/** For Postgres 1.50 is 1.5, and a row's key may change from one to the other. */
function plainDecimal(text) {
  const plain = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return plain === '-0' ? '0' : plain;
}

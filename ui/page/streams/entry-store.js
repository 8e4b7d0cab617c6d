/** What the log keeps: so many entries, and of long ones so many characters in all. What is older goes. */
export const mostEntries = 100_000;
export const mostCharacters = 64 * 1024 * 1024;

// So many dropped ones are kept in the array before it is made shorter: each time moves all that stay.
const slack = 20_000;

/** The newest entries of a stream. Each has a number that it keeps: 0 is the first that came. */
export class EntryStore {
  #entries = [];
  #head = 0;
  #characters = 0;

  /** The number of the oldest entry that is kept. */
  first = 0;

  /** Whether the last entry is a line that may still grow. */
  isOpen = false;

  /** The number of the next entry: how many came. */
  get end() {
    return this.first + this.#entries.length - this.#head;
  }

  /** The entry of a number, as { offset, text }, if it is kept. */
  at(number) {
    return number < this.first ? undefined : this.#entries[this.#head + number - this.first];
  }

  add(offset, text, isOpen = false) {
    this.#entries.push({ offset, text });
    this.isOpen = isOpen;
    this.#grown(text.length);
  }

  /** Adds to the end of the last entry. */
  extend(text, isOpen) {
    this.#entries.at(-1).text += text;
    this.isOpen = isOpen;
    this.#grown(text.length);
  }

  #grown(characters) {
    this.#characters += characters;
    while (this.end - this.first > mostEntries || (this.#characters > mostCharacters && this.end - this.first > 1)) this.#drop();
  }

  #drop() {
    this.#characters -= this.#entries[this.#head].text.length;
    this.#entries[this.#head] = undefined;
    this.#head++;
    this.first++;
    if (this.#head < slack) return;
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }
}

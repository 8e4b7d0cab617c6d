/** The entries of a store that have a text in them; all of them without one. */
export class FoundEntries {
  #store;
  #pattern = null;
  #found = [];
  #examined = 0;

  #gone = 0;

  constructor(store) {
    this.#store = store;
  }

  get isAll() {
    return this.#pattern === null;
  }

  /** Finds another text: small and capital letters are the same. */
  find(text) {
    this.#pattern = text ? new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'), 'iu') : null;
    this.#found = [];
    this.#examined = 0;
    this.#gone = 0;
    this.update();
  }

  /** Looks at what came since, and forgets what is not kept any more. A line that still grows is not looked at. */
  update() {
    if (!this.#pattern) return;
    const { first, end, isOpen } = this.#store;
    const kept = this.#found.findIndex((number) => number >= first);
    this.#gone += this.#found.splice(0, kept < 0 ? this.#found.length : kept).length;
    this.#examined = Math.max(this.#examined, first);
    for (const last = isOpen ? end - 1 : end; this.#examined < last; this.#examined++) {
      if (this.#pattern.test(this.#store.at(this.#examined).text)) this.#found.push(this.#examined);
    }
  }

  get count() {
    return this.#pattern ? this.#found.length : this.#store.end - this.#store.first;
  }

  /** How many entries went at the list's begin. */
  get first() {
    return this.#pattern ? this.#gone : this.#store.first;
  }

  at(number) {
    return this.#store.at(number);
  }

  /** The number of the entry at a place in the list. */
  numberAt(place) {
    return this.#pattern ? this.#found[place] : this.#store.first + place;
  }

  /** The place of an entry in the list, or of the one that stands where it would. */
  placeOf(number) {
    if (!this.#pattern) return Math.max(0, number - this.#store.first);
    const place = this.#found.findIndex((found) => found >= number);
    return place < 0 ? this.#found.length - 1 : place;
  }
}

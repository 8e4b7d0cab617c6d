const rowHeight = 24;
// Beyond what is seen, so that scrolling shows no gaps.
const spareRows = 12;
const mostShown = 1000;

/** The entries in a list that scrolls: only those are elements that can be seen. At its end it follows what comes. */
export class LogList {
  #element;
  #chosen;
  #rows = new Map();
  #space = Object.assign(document.createElement('div'), { role: 'presentation' });
  #entries = null;
  #first = 0;
  #isFollowing = true;
  #active = null;

  /**
   * @param {HTMLElement} element It scrolls, and has the role listbox.
   * @param {(number: number | null) => void} chosen Told which entry was chosen.
   */
  constructor(element, chosen) {
    this.#element = element;
    this.#chosen = chosen;
    this.#space.className = 'log-space';
    element.append(this.#space);
    element.addEventListener('scroll', () => this.#scrolled());
    element.addEventListener('keydown', (press) => this.#pressed(press));
    element.addEventListener('click', ({ target }) => {
      const row = target.closest('[role=option]');
      if (row) this.#choose(Number(row.dataset.number));
    });
    new ResizeObserver(() => this.paint()).observe(element);
  }

  /** Shows other entries: those of a FoundEntries. */
  begin(entries) {
    this.#entries = entries;
    this.#isFollowing = true;
    this.#rows.clear();
    this.#space.replaceChildren();
    this.#choose(null);
  }

  /** Goes to the end, and stays there. */
  follow() {
    this.#isFollowing = true;
    this.paint();
  }

  get isFollowing() {
    return this.#isFollowing;
  }

  /** Shows what is new. */
  paint() {
    if (!this.#entries || this.#element.clientHeight === 0) return;
    const { first, count } = this.#entries;
    this.#space.style.height = `${count * rowHeight}px`;
    if (this.#isFollowing) this.#element.scrollTop = count * rowHeight;
    else if (first > this.#first) this.#element.scrollTop -= (first - this.#first) * rowHeight;
    this.#first = first;
    this.#paintRows();
  }

  #paintRows() {
    // A scroll may come before what is new was painted, and what was found may be gone.
    this.#entries.update();
    const count = this.#entries.count;
    const from = Math.max(0, Math.floor(this.#element.scrollTop / rowHeight) - spareRows);
    const to = Math.min(count, Math.ceil((this.#element.scrollTop + this.#element.clientHeight) / rowHeight) + spareRows);
    const rows = [];
    const before = this.#rows;
    this.#rows = new Map();
    for (let place = from; place < to; place++) {
      const number = this.#entries.numberAt(place);
      const row = before.get(number) ?? createRow(number);
      this.#rows.set(number, row);
      fill(row, this.#entries.at(number), place, count, number === this.#active);
      rows.push(row);
    }

    const isSame = rows.length === this.#space.children.length && rows.every((row, index) => row === this.#space.children[index]);
    if (!isSame) this.#space.replaceChildren(...rows);
    if (this.#rows.has(this.#active)) this.#element.setAttribute('aria-activedescendant', idOf(this.#active));
    else this.#element.removeAttribute('aria-activedescendant');
  }

  #scrolled() {
    if (!this.#entries) return;
    const { scrollTop, clientHeight, scrollHeight } = this.#element;
    this.#isFollowing = scrollTop + clientHeight >= scrollHeight - rowHeight / 2;
    this.#paintRows();
  }

  #pressed(press) {
    const count = this.#entries?.count ?? 0;
    if (count === 0 || press.ctrlKey || press.altKey || press.metaKey) return;
    const page = Math.max(1, Math.floor(this.#element.clientHeight / rowHeight) - 1);
    const now = this.#active === null ? -1 : this.#entries.placeOf(this.#active);
    const place = {
      ArrowDown: now < 0 ? count - 1 : now + 1,
      ArrowUp: now < 0 ? count - 1 : now - 1,
      PageDown: now + page,
      PageUp: (now < 0 ? count : now) - page,
      Home: 0,
      End: count - 1,
    }[press.key];
    if (place === undefined) return;
    press.preventDefault();
    this.#choose(this.#entries.numberAt(Math.min(Math.max(place, 0), count - 1)));
  }

  #choose(number) {
    this.#active = number;
    if (number !== null) {
      const top = this.#entries.placeOf(number) * rowHeight;
      const { scrollTop, clientHeight } = this.#element;
      if (top < scrollTop) this.#element.scrollTop = top;
      else if (top + rowHeight > scrollTop + clientHeight) this.#element.scrollTop = top + rowHeight - clientHeight;
      this.#scrolled();
    }

    this.#chosen(number);
  }
}

function createRow(number) {
  const row = Object.assign(document.createElement('div'), { className: 'log-row', role: 'option', id: idOf(number) });
  row.dataset.number = number;
  row.append(Object.assign(document.createElement('span'), { className: 'log-offset' }), document.createElement('span'));
  return row;
}

// As text, whatever it looks like, and on one line.
function fill(row, entry, place, count, isActive) {
  const [offset, text] = row.children;
  const shown = entry.text.length > mostShown ? `${entry.text.slice(0, mostShown)}…` : entry.text;
  const line = shown.replace(/\s*[\r\n]\s*/g, ' ');
  if (offset.textContent !== String(entry.offset)) offset.textContent = entry.offset;
  if (text.textContent !== line) text.textContent = line;
  row.style.top = `${place * rowHeight}px`;
  row.setAttribute('aria-posinset', place + 1);
  row.setAttribute('aria-setsize', count);
  row.setAttribute('aria-selected', isActive);
}

function idOf(number) {
  return `log-entry-${number}`;
}

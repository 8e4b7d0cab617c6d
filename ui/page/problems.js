/** The place of a view where it says what went wrong. */
export class ProblemBox {
  #element;

  /** @param {HTMLElement} element It has the role alert. */
  constructor(element) {
    this.#element = element;
  }

  /** Says what went wrong: a title, and sentences; all as text, wherever they come from. */
  show(title, ...details) {
    const heading = Object.assign(document.createElement('h2'), { textContent: title });
    const lines = details.filter(Boolean).map((detail) => Object.assign(document.createElement('p'), { textContent: detail }));
    this.#element.replaceChildren(heading, ...lines);
  }

  clear() {
    this.#element.replaceChildren();
  }
}

const box = new ProblemBox(document.getElementById('alert'));

/** Says what went wrong in the view of queries. */
export function showProblem(title, ...details) {
  box.show(title, ...details);
}

export function clearProblem() {
  box.clear();
}

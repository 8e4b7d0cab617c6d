// So many changes are cloned at once.
const most = 5000;

/** The parts of a step, of which only the last has the position. */
export function* partsOf({ isAnew, changes, position }) {
  for (let at = 0; ; at += most) {
    const isLast = at + most >= changes.length;
    yield { isAnew, isLast, position: isLast ? position : null, changes: changes.slice(at, at + most) };
    if (isLast) return;
  }
}

/** Puts parts together; gives the step with its last part. */
export class Parts {
  #changes = [];

  add({ isAnew, isLast, position, changes }) {
    for (const change of changes) this.#changes.push(change);
    if (!isLast) return null;
    const step = { isAnew, changes: this.#changes, position };
    this.#changes = [];
    return step;
  }
}

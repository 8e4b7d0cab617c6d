/** A modal dialog that asks for one thing at a time. */
export class Question {
  #dialog;
  #asked = null;

  /** @param {HTMLDialogElement} dialog What is shown. Who closes it gives no answer. */
  constructor(dialog) {
    this.#dialog = dialog;
    // The browser tells in a later task that a dialog has been closed. It may have been opened again by then.
    dialog.addEventListener('close', () => {
      if (!dialog.open) this.#end(null);
    });
  }

  /** What is asked for now; null if nothing is. */
  get asked() {
    return this.#asked;
  }

  /**
   * Opens the dialog at once; gives the answer, or null if there is none. If something is asked for already, both get the same answer.
   * @param {{ signal?: AbortSignal }} asked What is asked for, and what ends the asking.
   */
  ask(asked) {
    if (asked.signal?.aborted) return Promise.resolve(null);
    if (!this.#dialog.open) this.#end(null);
    const before = this.#asked;
    const answer = new Promise((resolve) => {
      const leave = () => this.answer(null);
      this.#asked = {
        ...asked,
        end: (answer) => {
          asked.signal?.removeEventListener('abort', leave);
          resolve(answer);
        },
      };
      asked.signal?.addEventListener('abort', leave);
      if (!this.#dialog.open) this.#dialog.showModal();
    });
    before?.end(answer);
    return answer;
  }

  answer(answer) {
    this.#end(answer);
    this.#dialog.close();
  }

  #end(answer) {
    const asked = this.#asked;
    this.#asked = null;
    asked?.end(answer);
  }
}

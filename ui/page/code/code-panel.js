import { codeFor, kinds } from './snippets.js';

const copiedMs = 2000;
const at = (id) => document.getElementById(id);

/** Code that does what is on the screen, to copy. */
export class CodePanel {
  #asked = null;
  #timer = 0;

  /** @param {(text: string) => void} say Reads something aloud. */
  constructor(say) {
    at('code-kind').append(...kinds.map(({ value, text }) => new Option(text, value)));
    at('code-kind').value = 'curl';
    at('code-kind').addEventListener('change', () => this.#show());
    at('code-copy').addEventListener('click', () => this.#copy(say));
  }

  /** @param asked What `codeFor` is asked; null for nothing. */
  update(asked) {
    this.#asked = asked;
    this.#show();
  }

  #show() {
    const { text, note } = this.#asked ? codeFor(at('code-kind').value, this.#asked) : { text: '', note: '' };
    at('code-panel').hidden = !this.#asked;
    if (at('code').textContent !== text) at('code').textContent = text;
    at('code-note').textContent = note;
  }

  async #copy(say) {
    const isCopied = await this.#toClipboard(at('code').textContent);
    at('code-copy').textContent = isCopied ? 'Copied' : 'Press Ctrl+C';
    say(isCopied ? 'The code is copied.' : 'The code is selected: press Ctrl+C.');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (at('code-copy').textContent = 'Copy'), copiedMs);
  }

  // Browsers give no clipboard to pages over plain HTTP, but for this machine's own.
  async #toClipboard(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(at('code'));
      at('code').focus();
      return false;
    }
  }
}

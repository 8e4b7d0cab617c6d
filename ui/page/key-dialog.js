import { key } from './api.js';
import { Question } from './question.js';

const dialog = document.getElementById('key-dialog');
const question = new Question(dialog);
const input = document.getElementById('key');

document.getElementById('key-cancel').addEventListener('click', () => question.answer(null));
document.getElementById('key-form').addEventListener('submit', (submit) => {
  submit.preventDefault();
  question.answer({ key: input.value.trim() });
});

/** Asks after a refusal. @param {string} [detail] What the server said of it; Azure's own refusal says nothing. */
export function askAfterRefusal(detail) {
  return askForKey(key.value ? 'The server does not take the key that it was given.' : detail ?? 'The server does not answer without one.');
}

/** Asks for a function key and keeps it; gives whether one was given. */
export async function askForKey(reason) {
  const isOpen = dialog.open;
  const answer = question.ask({});
  // What is typed stays for whoever asks, too.
  if (!isOpen) {
    document.getElementById('key-reason').textContent = reason;
    input.value = key.value ?? '';
    input.select();
  }
  const given = await answer;
  if (!given) return false;
  key.value = given.key;
  return key.value !== null;
}

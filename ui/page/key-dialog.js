import { key } from './api.js';

const dialog = document.getElementById('key-dialog');
const input = document.getElementById('key');

document.getElementById('key-cancel').addEventListener('click', () => dialog.close('cancel'));
document.getElementById('key-form').addEventListener('submit', () => {
  dialog.returnValue = 'given';
});

/** Asks after a refusal. @param {string} [detail] What the server said of it; Azure's own refusal says nothing. */
export function askAfterRefusal(detail) {
  return askForKey(key.value ? 'The server does not take the key that it was given.' : detail ?? 'The server does not answer without one.');
}

/** Asks for a function key and keeps it; gives whether one was given. */
export async function askForKey(reason) {
  document.getElementById('key-reason').textContent = reason;
  input.value = key.value ?? '';
  dialog.returnValue = 'cancel';
  if (!dialog.open) dialog.showModal();
  input.select();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  if (dialog.returnValue !== 'given') return false;
  key.value = input.value.trim();
  return key.value !== null;
}

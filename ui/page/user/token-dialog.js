import { get, headers, token } from '../api.js';
import { claimsOf, timeOf } from './claims.js';

const at = (id) => document.getElementById(id);
const dialog = at('token-dialog');
const input = at('token');

let asked = null;

at('token-cancel').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => asked?.settle(null));
at('token-form').addEventListener('submit', async (submit) => {
  submit.preventDefault();
  const mine = asked;
  const given = input.value.replace(/^\s*Bearer\s/i, '').replaceAll(/\s/g, '');
  const complaint = await complaintOf(given, mine.url);
  if (mine !== asked) return;
  say(complaint);
  if (complaint) return input.focus();
  mine.settle(given);
  dialog.close();
});

/**
 * Asks for an access token, and keeps it; gives null if none was given. A token that the server does not take is asked for again
 * at once, so that whoever waits for it gets one that holds.
 * @param {string} reason Why one is needed.
 * @param {{ url?: URL, signal?: AbortSignal }} [options] What it is for, and what ends the asking.
 */
export async function askForToken(reason, { url, signal } = {}) {
  asked?.settle(null);
  at('token-reason').textContent = reason;
  say('');
  input.value = '';
  if (!dialog.open) dialog.showModal();
  input.focus();
  const leave = () => dialog.close();
  signal?.addEventListener('abort', leave);
  const given = await new Promise((settle) => {
    asked = { url, settle };
  });
  signal?.removeEventListener('abort', leave);
  asked = null;
  if (given) token.value = given;
  return given;
}

// HEAD runs no query, and says nothing of why it is refused; the request that follows then is refused, too.
async function complaintOf(given, url) {
  const claims = claimsOf(given);
  if (!claims) return 'This is no access token: it should be a JWT, three parts with dots between them.';
  if (!url) return claims.endsAt && claims.endsAt < new Date() ? `This access token expired at ${timeOf(claims.endsAt)}.` : '';
  try {
    const { status } = await fetch(url, { method: 'HEAD', headers: { ...headers(), Authorization: `Bearer ${given}` } });
    if (status === 401 || status === 403) await get(url, given);
  } catch (error) {
    // Without an answer nobody knows; whoever needs the token will see.
    return error.status ? error.message : '';
  }
  return '';
}

function say(complaint) {
  at('token-error').textContent = complaint;
  if (complaint) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

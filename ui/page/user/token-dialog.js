import { get, headers, token } from '../api.js';
import { Question } from '../question.js';
import { claimsOf, timeOf } from './claims.js';

const at = (id) => document.getElementById(id);
const dialog = at('token-dialog');
const question = new Question(dialog);
const input = at('token');

let newest;

at('token-cancel').addEventListener('click', () => question.answer(null));
at('token-form').addEventListener('submit', async (submit) => {
  submit.preventDefault();
  const { asked } = question;
  const given = input.value.replace(/^\s*Bearer\s/i, '').replaceAll(/\s/g, '');
  newest = given;
  const complaint = await complaintOf(given, asked.url);
  // Meanwhile another one may have been given, or something else may be asked for.
  if (given !== newest || asked !== question.asked) return;
  say(complaint);
  if (complaint) return input.focus();
  question.answer(given);
});

/**
 * Asks for an access token, and keeps it; gives null if none was given. A token that the server does not take is asked for again
 * at once, so that whoever waits for it gets one that holds.
 * @param {string} reason Why one is needed.
 * @param {{ url?: URL, signal?: AbortSignal }} [options] What it is for, and what ends the asking.
 */
export async function askForToken(reason, { url, signal } = {}) {
  at('token-reason').textContent = reason;
  // What is typed stays for whoever asks, too.
  if (!dialog.open) {
    say('');
    input.value = '';
  }
  const answer = question.ask({ url, signal });
  input.focus();
  const given = await answer;
  if (given) token.value = given;
  return given;
}

/**
 * Why a token can't be taken for a request; '' if it can. HEAD runs no query, and says nothing of why it is refused; the request that
 * follows then is refused, too.
 */
export async function complaintOf(given, url) {
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

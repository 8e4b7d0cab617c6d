import { token } from '../api.js';
import { claimsOf, timeOf } from './claims.js';
import { askForToken, complaintOf } from './token-dialog.js';

// The longest that timers can do.
const longestMs = 2 ** 31 - 1;

const at = (id) => document.getElementById(id);
let timer;

at('sign-in').addEventListener('click', async () => {
  await askForToken(token.value ? 'Another access token, for the next requests.' : 'Give the access token of the user who reads.');
  showUser();
});
at('sign-out').addEventListener('click', () => {
  token.value = null;
  showUser();
  at('sign-in').focus();
});

/** Nobody gave a token. */
export class NotSignedIn extends Error {
  constructor() {
    super('This is for users who have signed in: it goes on only with an access token.');
  }
}

/**
 * The access token for a request; asks for it where none is there, or where that one holds no more.
 * @param {URL} url What is asked for.
 * @param {{ refused?: string | null, signal?: AbortSignal }} [options] The last one, if it was refused.
 */
export async function tokenFor(url, { refused = null, signal } = {}) {
  const kept = token.value;
  if (kept && refused === null) return kept;
  // Another one was given since then. It may have been for something else, and a second refusal would be the end.
  if (kept && kept !== refused && !(await complaintOf(kept, url))) return kept;
  const given = await askForToken(reasonOf(refused), { url, signal });
  showUser();
  if (!given) throw new NotSignedIn();
  return given;
}

/** Shows who has signed in, and until when; the buttons only where there is something to sign in for. */
export function showUser(isNeeded = !at('sign-in').hidden) {
  clearTimeout(timer);
  const claims = token.value ? claimsOf(token.value) : null;
  at('who').hidden = !claims;
  at('sign-out').hidden = !claims;
  at('sign-in').hidden = !isNeeded && !claims;
  at('sign-in').textContent = claims ? 'Change the token…' : 'Sign in…';
  if (!claims) return;

  const { name, subject, endsAt } = claims;
  const restMs = endsAt ? endsAt - Date.now() : Infinity;
  // A name may be written from right to left.
  const who = Object.assign(document.createElement('bdi'), { textContent: name ? `${name} (${subject})` : subject });
  if (restMs > 0) at('who').replaceChildren('Signed in as ', who, endsAt ? ` until ${timeOf(endsAt)}` : '');
  else at('who').replaceChildren('The access of ', who, ` ended at ${timeOf(endsAt)}`);
  if (restMs > 0 && restMs < longestMs) timer = setTimeout(showUser, restMs);
}

function reasonOf(refused) {
  if (refused === null) return 'This query is for users who have signed in.';
  const endsAt = claimsOf(refused)?.endsAt;
  return endsAt && endsAt < new Date()
    ? `The access token expired at ${timeOf(endsAt)}. With another one of the same user the stream goes on where it is.`
    : 'The server does not take the access token. With another one of the same user the stream goes on where it is.';
}

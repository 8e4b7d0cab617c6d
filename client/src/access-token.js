import { StreamError } from './failures.js';
import { within } from './waiting.js';

// What RFC 6750 allows. Anything else would make fetch throw an error that quotes the header, and with it the token.
const bearer = /^[\w\-.~+/]+=*$/;

/**
 * The headers of one request: the caller's own, and the access token that the caller gives for this request.
 * @param {{ refresh: boolean, signal: AbortSignal }} asked What the caller is told.
 */
export async function headersFor({ headers, getToken }, asked) {
  if (!getToken) return headers;
  const all = new Headers(headers);
  all.set('Authorization', `Bearer ${await tokenFrom(getToken, asked)}`);
  return all;
}

// Without a time limit: it may be a person who is asked.
async function tokenFrom(getToken, asked) {
  let token;
  try {
    const giving = (async () => getToken(asked))();
    token = await within(giving, Infinity, asked.signal);
  } catch (cause) {
    throw new StreamError('There is no access token for the next request: getToken failed.', { cause });
  }

  if (typeof token !== 'string') throw new StreamError(`getToken must give an access token, which is a string, but gave ${kindOf(token)}.`);
  if (bearer.test(token)) return token;
  throw new StreamError(token.startsWith('Bearer ')
    ? 'getToken must give the access token alone, without the word Bearer.'
    : 'getToken must give an access token, but gave a string that can be none: it is empty, or has characters that no token has.');
}

function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

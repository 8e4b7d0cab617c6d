// What a new token of the same user has anew, or may have: it says of the token, the session or the network, and not of rights. With
// any other claim that has changed a tab is another reader, and does not go on with the rows of the first one.
const passing = new Set([
  'exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 'sid', 'session_state', 'origin_jti', 'event_id', 'uti', 'aio', 'rh', 'ipaddr',
]);

// Entra's own, on which nobody may rely; some are new in each token.
const isPassing = (name) => passing.has(name) || name.startsWith('xms_');

// What tabs tell each other, the texts of keys too. A page that was opened before an update has the client of that time for as long as
// it is open: where any of it changes, so must this number, and the tabs of both times have a connection each.
const version = 1;

/**
 * The name that tabs have in common which may share a connection: they ask for the same, with the same headers, as the same user. It
 * is a hash, since other scripts of the origin can read the names of locks.
 */
export async function groupOf({ url, headers }, token) {
  const asked = JSON.stringify([url.href, [...headers], await identityOf(token)]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(asked));
  return `chunkstream-${version}-${[...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * Who a token says its user is, with all that the rows may depend on: a tab of another tenant, or with another role, is another
 * reader. Of a token that can't be read it is the token itself.
 */
export function identityOf(token) {
  if (token === null) return null;
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof claims?.sub !== 'string') return token;
    return JSON.stringify(Object.entries(claims).filter(([name]) => !isPassing(name)).sort(([one], [other]) => (one < other ? -1 : 1)));
  } catch {
    return token;
  }
}

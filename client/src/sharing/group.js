// What a new token of the same user has anew. A claim that is missing here only makes two tabs not share.
const passing = new Set(['exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 'sid', 'uti', 'aio', 'rh']);

/**
 * The name that tabs have in common which may share a connection: they ask for the same, with the same headers, as the same user. It
 * is a hash, since other scripts of the origin can read the names of locks.
 */
export async function groupOf({ url, headers }, token) {
  const asked = JSON.stringify([url.href, [...headers], await identityOf(token)]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(asked));
  return `chunkstream-1-${[...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
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
    return JSON.stringify(Object.entries(claims).filter(([name]) => !passing.has(name)).sort(([one], [other]) => (one < other ? -1 : 1)));
  } catch {
    return token;
  }
}

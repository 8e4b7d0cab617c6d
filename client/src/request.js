// Servers and proxies take URLs of 8,000 bytes or so, some of less.
const longestUrl = 4000;

// What says how rows are given is short, but for the token.
const shortValue = 100;

/**
 * The address of a request and what fetch needs besides. Where a query's parameters make the address too long, they come in the body
 * of a POST, which means the same (docs/queries.md).
 * @param {boolean} isOurs Whether the answer must be ChunkStream's: of other servers nobody knows what a POST does.
 */
export function requestOf(url, headers, isOurs) {
  const mayMove = isOurs && url.href.length > longestUrl && /\/queries\/[^/]+$/.test(url.pathname);
  const moved = mayMove ? longParameters(url.searchParams) : [];
  if (moved.length === 0) return [url, { headers }];

  const address = new URL(url);
  for (const [name] of moved) address.searchParams.delete(name);
  const all = new Headers(headers);
  all.set('Content-Type', 'application/json');
  return [address, { method: 'POST', headers: all, body: JSON.stringify(Object.fromEntries(moved)) }];
}

// What is there twice is refused by the server, and shall be.
function longParameters(parameters) {
  return [...parameters].filter(([name, value]) => name !== 'resume' && value.length > shortValue && parameters.getAll(name).length === 1);
}

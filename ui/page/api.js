/** The endpoints' address: the page lies one folder below it, whatever the route prefix is. */
export const root = new URL('../', document.baseURI);

/** The function key that was given in this tab, or null. */
export const key = kept('chunkstream-function-key');

/** The access token of whoever has signed in in this tab, or null. It goes to queries for users and nowhere else. */
export const token = kept('chunkstream-access-token');

function kept(name) {
  return {
    get value() {
      return sessionStorage.getItem(name);
    },
    set value(value) {
      if (value) sessionStorage.setItem(name, value);
      else sessionStorage.removeItem(name);
    },
  };
}

/** The headers that a request needs. */
export function headers() {
  return key.value ? { 'x-functions-key': key.value } : {};
}

/** An answer that is a problem: what the server says of it, or at least its status. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/**
 * Gets an answer that is not streamed, or throws a Refusal.
 * @param {string} [accessToken] Of the user for whom it is.
 */
export async function get(url, accessToken) {
  const authorization = accessToken ? { Authorization: `Bearer ${accessToken}` } : {};
  const response = await fetch(url, { headers: { ...headers(), ...authorization } });
  if (response.ok) return response;
  const isJson = response.headers.get('Content-Type')?.includes('json');
  throw new Refusal(response.status, isJson ? await response.json() : null);
}

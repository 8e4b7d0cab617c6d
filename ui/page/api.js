/** The endpoints' address: the page lies one folder below it, whatever the route prefix is. */
export const root = new URL('../', document.baseURI);

const storedKey = 'chunkstream-function-key';

/** The function key that was given in this tab, or null. */
export const key = {
  get value() {
    return sessionStorage.getItem(storedKey);
  },
  set value(value) {
    if (value) sessionStorage.setItem(storedKey, value);
    else sessionStorage.removeItem(storedKey);
  },
};

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

/** Gets an answer that is not streamed, or throws a Refusal. */
export async function get(url) {
  const response = await fetch(url, { headers: headers() });
  if (response.ok) return response;
  const isJson = response.headers.get('Content-Type')?.includes('json');
  throw new Refusal(response.status, isJson ? await response.json() : null);
}

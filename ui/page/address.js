import { detailOf } from './views.js';

/** What the address says of the view of queries, as { name, parameters }: '#queries/flights?min_delay=60'; null if nothing. */
export function readAddress() {
  const detail = detailOf('queries');
  const [name, parameters] = cut(detail, '?');
  try {
    return name ? { name: decodeURIComponent(name), parameters: new URLSearchParams(parameters) } : null;
  } catch {
    return null;
  }
}

/**
 * Makes the address that of a query with its parameters: the back button comes back to what was there before. Keys and tokens are
 * no parameters, and never in it.
 * @param {object} [state] What the history keeps with it.
 */
export function writeAddress(name, parameters, state = null) {
  const text = parameters.toString();
  const hash = `#queries/${encodeURIComponent(name)}${text ? `?${text}` : ''}`;
  if (hash !== location.hash) history.pushState(state, '', hash);
  else if (state) history.replaceState(state, '', hash);
}

function cut(text, mark) {
  const place = text.indexOf(mark);
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)];
}

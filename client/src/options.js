import { Frames } from './frames.js';
import { LiveFrames } from './live/live-frames.js';
import { Ndjson } from './ndjson.js';

const formats = { frames: Frames, ndjson: Ndjson };

// Four heartbeats.
const silenceMs = 60_000;

// A server may take a minute to answer a poll, and its rows may take another one.
const pollMs = 120_000;

/**
 * The options with their defaults. What is wrong with them is said at the call, not when the first row is asked for.
 * @param {number} wholeMs How long a response may take whose body comes as a whole, so that no heartbeat is seen.
 */
export function checked(url, options, wholeMs = Infinity) {
  const { signal, numbers, getToken, format = 'frames', maxRejoins = Infinity, backoffMs = 250, onProgress } = options;
  const { idleTimeoutMs = format === 'ndjson' ? Infinity : streamsBodies(options) ? silenceMs : wholeMs } = options;
  oneOf('format', format, Object.keys(formats));
  oneOf('numbers', numbers, [undefined, 'plain', 'exact']);
  atLeast('maxRejoins', maxRejoins, 0);
  atLeast('backoffMs', backoffMs, 0);
  atLeast('idleTimeoutMs', idleTimeoutMs, 1);
  if (getToken !== undefined && typeof getToken !== 'function') throw new TypeError('getToken must be a function that gives an access token.');

  const address = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  const headers = new Headers(options.headers);
  if (getToken && headers.has('Authorization')) throw new TypeError('The header Authorization and getToken exclude each other: give one.');
  headers.set('Accept', formats[format].mediaType);
  if (format === 'frames') {
    // It would win over Accept.
    address.searchParams.delete('format');
    if (numbers) address.searchParams.set('numbers', numbers);
  }

  return {
    url: address,
    headers,
    getToken,
    resume: options.resume ?? address.searchParams.get('resume'),
    // Looked up now, and called as a function: browsers refuse their fetch as another object's method.
    fetch: options.fetch ?? globalThis.fetch,
    Format: formats[format],
    signal,
    maxRejoins,
    backoffMs,
    idleTimeoutMs,
    onProgress,
  };
}

/** The options of a live query: those of a stream, in its own format. */
export function checkedLive(url, options) {
  if (options.format !== undefined) throw new TypeError('A live query has no option format: it is read as frames.');
  const all = { ...checked(url, options, pollMs), Format: LiveFrames };
  const { searchParams } = all.url;
  const isAskedToPoll = searchParams.get('live') === 'long-poll' || !streamsBodies(options);
  searchParams.set('live', isAskedToPoll ? 'long-poll' : 'sse');
  return all;
}

/** Those of a collection, which begins with all rows. */
export function checkedCollection(url, options) {
  const all = { ...checkedLive(url, options), resume: null, share: options.share ?? false };
  all.url.searchParams.delete('resume');
  return all;
}

/**
 * Whether fetch gives a body piece by piece. The platform's own may give it only when it has ended, as React Native's does; of one
 * that the caller gives nobody knows.
 */
function streamsBodies({ fetch }) {
  return Boolean(fetch) || 'body' in (globalThis.Response?.prototype ?? {});
}

function oneOf(name, value, choices) {
  if (!choices.includes(value)) {
    const named = choices.filter((choice) => choice !== undefined).map((choice) => `'${choice}'`);
    throw new TypeError(`${name} must be ${named.join(' or ')}, but is '${value}'.`);
  }
}

function atLeast(name, value, least) {
  if (typeof value !== 'number' || !(value >= least)) throw new TypeError(`${name} must be a number from ${least} on, but is '${value}'.`);
}

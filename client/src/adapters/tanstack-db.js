import { collection } from '../index.js';

const clientOptions = ['signal', 'numbers', 'headers', 'getToken', 'maxRejoins', 'backoffMs', 'idleTimeoutMs', 'fetch', 'onProgress', 'share'];

/** Options for `createCollection` of `@tanstack/db`: its rows are those of a live query. */
export function chunkstreamCollectionOptions({ url, getKey, ...config }) {
  const options = {};
  for (const name of clientOptions) {
    if (name in config) options[name] = config[name];
    delete config[name];
  }

  const watchers = new Set();
  let rows = null;
  let keyOf = getKey;

  function keyOfRow(row) {
    keyOf ??= rows?.keyColumns && keyFrom(rows.keyColumns);
    if (keyOf) return keyOf(row);
    throw new Error('The key\'s columns are known once the rows are there: wait for that (preload), or give getKey.');
  }

  function sync({ begin, write, commit, markReady, markError }) {
    const own = (rows = collection(url, options));
    const there = new Set();
    keyOf = getKey;
    own.subscribe((changes) => {
      if (own.error) markError(own.error);
      if (changes.length > 0) {
        begin();
        for (const change of changes) write(messageOf(change, there, keyOfRow));
        commit();
      }
      for (const watch of [...watchers]) watch(changes, own);
    });
    own.ready.then(markReady, () => {});
    return () => own.close();
  }

  return {
    ...config,
    getKey: keyOfRow,
    sync: { sync, rowUpdateMode: 'full' },
    utils: {
      ...config.utils,
      state: () => rows?.state ?? 'idle',
      error: () => rows?.error ?? null,
      seen: (matches, { timeoutMs = 10_000 } = {}) => seen(watchers, matches, timeoutMs),
    },
  };
}

function messageOf({ type, key, row }, there, keyOf) {
  if (type === 'delete') {
    there.delete(key);
    return { type, key: keyOf(row) };
  }
  const message = { type: there.has(key) ? 'update' : 'insert', value: row };
  there.add(key);
  return message;
}

/** The value of the key's only column, or a text of all its columns. */
function keyFrom(names) {
  const [name] = names;
  if (names.length === 1) return (row) => exact(row[name], name);
  return (row) => JSON.stringify(names.map((each) => exact(row[each], each)));
}

function exact(value, name) {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
  throw new TypeError(`The key's column ${name} has a number that JavaScript can't hold: give numbers: 'exact'.`);
}

function seen(watchers, matches, timeoutMs) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      watchers.delete(watch);
      reject(new Error(`No change that matches came within ${timeoutMs / 1000} seconds.`));
    }, timeoutMs);
    const watch = (changes, { error }) => {
      if (!error && !changes.some(matches)) return;
      clearTimeout(timer);
      watchers.delete(watch);
      if (error) reject(error);
      else resolve();
    };
    watchers.add(watch);
  });
}

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
  // TanStack DB ends a run when nobody looks any more, and may begin another one.
  let run = { rows: null, error: null };
  let keyOf = getKey;

  function keyOfRow(row) {
    keyOf ??= run.rows?.keyColumns && keyFrom(run.rows.keyColumns);
    if (keyOf) return keyOf(row);
    throw new Error('The key\'s columns are known once the rows are there: wait for that (preload), or give getKey.');
  }

  function sync({ begin, write, commit, markReady, markError }) {
    const rows = collection(url, options);
    const own = (run = { rows, error: null });
    const there = new Set();
    keyOf = getKey;

    function fail(error) {
      if (own.error) return;
      own.error = error;
      rows.close();
      markError(error);
    }

    rows.subscribe((changes) => {
      if (rows.error) fail(rows.error);
      if (changes.length > 0) {
        begin();
        try {
          for (const change of changes) write(messageOf(change, there, keyOfRow));
        } catch (error) {
          // A row that has no key of its own can't be taken, and without it the rows are not the query's.
          fail(error);
          return;
        }
        commit();
      }
      for (const watch of [...watchers]) watch(changes, own.error);
    });
    // Whoever waits for rows hears that the signal has closed it before they came.
    rows.ready.then(() => own.error ?? markReady(), (error) => options.signal?.aborted && fail(error));
    return () => rows.close();
  }

  return {
    ...config,
    getKey: keyOfRow,
    sync: { sync, rowUpdateMode: 'full' },
    utils: {
      ...config.utils,
      state: () => run.rows?.state ?? 'idle',
      error: () => run.error,
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
    const watch = (changes, error) => {
      if (!error && !changes.some(matches)) return;
      clearTimeout(timer);
      watchers.delete(watch);
      if (error) reject(error);
      else resolve();
    };
    watchers.add(watch);
  });
}

import { stream } from '../index.js';
import { callingLatest } from './latest.js';
import { Store } from './store.js';

// A page that is rendered anew with each portion would have time for nothing else.
const leastMs = 50;
const none = Object.freeze([]);

/** The rows of a stream, so far. */
export function streamStore(url, latest) {
  const before = { rows: none, state: 'connecting', error: null, isLoading: true, progress: null };
  return new Store(before, (publish) => {
    const leaving = new AbortController();
    const all = [];
    let rows = none;
    let error = null;
    let progress = null;
    let timer;
    let publishedAt = -Infinity;

    const say = () => {
      clearTimeout(timer);
      timer = undefined;
      publishedAt = performance.now();
      if (rows.length < all.length) rows = Object.freeze(all.slice());
      const state = error ? 'failed' : progress?.state ?? 'connecting';
      publish({ rows, state, error, isLoading: rows.length === 0 && state !== 'ended' && state !== 'failed', progress });
    };
    const saySoon = () => (timer ??= setTimeout(say, Math.max(0, publishedAt + leastMs - performance.now())));

    const read = async () => {
      const reading = stream(url, {
        ...callingLatest(latest),
        signal: leaving.signal,
        onProgress: (now) => {
          latest().onProgress?.(now);
          progress = now;
          saySoon();
        },
      });
      for await (const batch of reading.batches()) {
        for (const row of batch) all.push(row);
        progress = reading.progress;
        saySoon();
      }
      progress = reading.progress;
    };
    read().catch((reason) => (error = reason)).finally(say);

    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  });
}

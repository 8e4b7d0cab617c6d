import { Collection, collection } from '../index.js';
import { callingLatest } from './latest.js';
import { Store } from './store.js';

/** The rows of a live query: of a collection that somebody else keeps, or of one that is kept while anybody listens. */
export function collectionStore(source, latest) {
  if (source instanceof Collection) {
    return new Store(snapshotOf(source), (publish) => {
      // Something may have changed since the first snapshot.
      queueMicrotask(() => publish(snapshotOf(source)));
      return source.subscribe(() => publish(snapshotOf(source)));
    });
  }

  const before = { rows: Object.freeze([]), state: 'connecting', error: null, isLoading: true, isReady: false, get: () => undefined };
  return new Store(before, (publish) => {
    let rows;
    try {
      rows = collection(source, { ...callingLatest(latest), onProgress: (progress) => latest().onProgress?.(progress) });
    } catch (error) {
      queueMicrotask(() => publish({ ...before, state: 'failed', error, isLoading: false }));
      return () => {};
    }
    rows.subscribe(() => publish(snapshotOf(rows)));
    return () => rows.close();
  });
}

function snapshotOf(collection) {
  const { rows, state, error, isReady } = collection;
  return { rows, state, error, isReady, isLoading: !isReady && !['closed', 'failed'].includes(state), get: (key) => collection.get(key) };
}

'use client';

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { Collection } from '../index.js';
import { collectionStore } from './collection-store.js';
import { Store } from './store.js';
import { streamStore } from './stream-store.js';

const idle = { rows: Object.freeze([]), state: 'idle', error: null, isLoading: false };
const idleStream = { ...idle, progress: null };
const idleCollection = { ...idle, isReady: false, get: () => undefined };

export function useStream(url, options = {}) {
  return useSource(url, options, idleStream, streamStore);
}

export function useCollection(source, options = {}) {
  return useSource(source, options, idleCollection, collectionStore);
}

function useSource(source, options, idleSnapshot, storeOf) {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const identity = source instanceof Collection ? source : identityOf(source, options);
  const store = useMemo(
    () => (identity === null ? new Store(idleSnapshot, () => () => {}) : storeOf(source, () => latest.current)),
    // The options' functions may be new ones with each render: the latest are called.
    [identity],
  );
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot, store.before);
  return useMemo(() => ({ ...snapshot, restart: store.restart }), [snapshot, store]);
}

/** A text that is another one where another request is to be made. */
function identityOf(url, { headers, getToken, onProgress, fetch, ...plain }) {
  if (url === null || url === undefined) return null;
  return JSON.stringify([String(url), Object.entries(plain).sort(), listed(headers), getToken !== undefined]);
}

/** What is wrong with them is said by the state, and not thrown while a page is rendered. */
function listed(headers) {
  try {
    return [...new Headers(headers)];
  } catch {
    return null;
  }
}

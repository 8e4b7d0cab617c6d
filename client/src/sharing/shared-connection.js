import { headersFor } from '../access-token.js';
import { StreamError } from '../failures.js';
import { followAlone } from '../live/own-connection.js';
import { Follower } from './follower.js';
import { groupOf, identityOf } from './group.js';
import { Leader } from './leader.js';

/**
 * Whether tabs can find each other here: they can in pages over https, or of localhost, but for those to which the browser denies it,
 * such as a frame in a sandbox.
 */
export async function canShare() {
  const { navigator, BroadcastChannel, crypto } = globalThis;
  if (!navigator?.locks || !BroadcastChannel || !crypto?.subtle) return false;
  try {
    new BroadcastChannel('chunkstream').close();
    await navigator.locks.query();
    return true;
  } catch {
    return false;
  }
}

/**
 * Follows a live query together with the other tabs that want the same. One of them, which has the lock, has the connection.
 * When it goes, the next one in the lock's queue goes on from where the rows of this tab are.
 */
export async function followTogether(options, sink) {
  const { signal } = options;
  signal.throwIfAborted();
  const token = await tokenOf(options);
  const group = await groupOf(options, token);
  const own = { ...options, getToken: options.getToken && guarded(options.getToken, identityOf(token)) };
  for (let isStalled = false; ;) {
    signal.throwIfAborted();
    const turn = await takeTurn(group, own, sink, isStalled);
    if (turn.error) throw turn.error;
    if (turn.isOver) return;
    isStalled = turn.isStalled;
  }
}

/** A place in the queue, and what comes of it. */
async function takeTurn(group, options, sink, isForced) {
  const queue = new AbortController();
  const leading = new AbortController();
  const end = () => [queue, leading].forEach((each) => each.abort());
  options.signal.addEventListener('abort', end);
  const tabs = new BroadcastChannel(group);
  let isStalled = false;
  let leader = null;
  const follower = new Follower(tabs, sink, () => {
    isStalled = true;
    queue.abort();
  });
  tabs.onmessage = ({ data }) => {
    if (data.type === 'hello') leader?.answer(data);
    else if (!leader) follower.hear(data);
  };

  try {
    return await navigator.locks.request(group, isForced ? { steal: true } : { signal: queue.signal }, async () => {
      follower.close();
      leader = new Leader(tabs, sink);
      return followAlone({ ...options, signal: leading.signal, resume: sink.position }, leader)
        .then(() => ({ isOver: true }), (error) => ({ error }));
    });
  } catch (error) {
    // It has left the queue, or another tab took the lock because this one stood still.
    leading.abort(error);
    if (error?.name !== 'AbortError') throw error;
    return { isStalled };
  } finally {
    follower.close();
    tabs.close();
    options.signal.removeEventListener('abort', end);
  }
}

async function tokenOf(options) {
  if (!options.getToken) return null;
  const headers = await headersFor(options, { refresh: false, signal: options.signal });
  return headers.get('Authorization').slice('Bearer '.length);
}

/** The rows of one user never go to tabs of another. */
function guarded(getToken, identity) {
  return async (asked) => {
    const token = await getToken(asked);
    if (identityOf(token) === identity) return token;
    throw new StreamError('getToken gave the token of another user, or with other claims, than the tabs share.');
  };
}

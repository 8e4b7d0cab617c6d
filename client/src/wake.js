import { sleep, TimeLimit, within } from './waiting.js';

/**
 * Calls back when the network is back, and when somebody looks at the page again; gives what ends that. Outside of browsers
 * neither ever happens.
 */
export function onWake(callback) {
  const { document } = globalThis;
  const shown = () => document.visibilityState === 'visible' && callback();
  globalThis.addEventListener?.('online', callback);
  document?.addEventListener?.('visibilitychange', shown);
  return () => {
    globalThis.removeEventListener?.('online', callback);
    document?.removeEventListener?.('visibilitychange', shown);
  };
}

/**
 * Waits before another attempt, and no longer once there is a reason to hope for it.
 * @param {number} leastMs What the server asks for: never less.
 * @param {number} moreMs What follows, unless the network or the reader comes back.
 */
export async function pause(leastMs, moreMs, signal) {
  let end;
  const woken = new Promise((resolve) => (end = resolve));
  const stop = onWake(end);
  try {
    await sleep(leastMs, signal);
    await within(woken, moreMs, signal);
  } catch (error) {
    if (!(error instanceof TimeLimit)) throw error;
  } finally {
    stop();
  }
}

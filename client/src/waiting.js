/** It took too long. */
export class TimeLimit extends Error {}

// The longest that timers can do.
const longest = 2 ** 31 - 1;

/** Settles as `promise` does, unless the signal is aborted or the time is over first. */
export function within(promise, ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = ms <= longest ? setTimeout(() => settle(reject, new TimeLimit()), ms) : undefined;
    const abort = () => settle(reject, signal.reason);
    const settle = (how, value) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      how(value);
    };
    signal.addEventListener('abort', abort);
    Promise.resolve(promise).then((value) => settle(resolve, value), (error) => settle(reject, error));
    if (signal.aborted) abort();
  });
}

/**
 * As `within`, but what has arrived by the end of the time counts, too. When a program goes on that stood still, its timers come
 * before it reads what has arrived meanwhile.
 */
export async function inTime(promise, ms, signal) {
  try {
    return await within(promise, ms, signal);
  } catch (error) {
    if (!(error instanceof TimeLimit)) throw error;
    await sleep(0, signal);
    return within(promise, 1, signal);
  }
}

/** Over after a time; rejects with the signal's reason if that is aborted first. */
export async function sleep(ms, signal) {
  try {
    await within(new Promise(() => {}), Math.min(ms, longest), signal);
  } catch (error) {
    if (!(error instanceof TimeLimit)) throw error;
  }
}

/** The stream is not complete, and can't be completed. */
export class StreamError extends Error {
  constructor(message, { problem = null, status = problem?.status ?? null, checkpoint = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StreamError';
    this.problem = problem;
    this.status = status;
    this.checkpoint = checkpoint;
  }
}

/** What another attempt may mend. Nobody outside sees it: either the stream goes on, or a StreamError says why not. */
export class Interruption extends Error {
  constructor(message, { problem = null, status = problem?.status ?? null, retryAfterMs = 0, cause } = {}) {
    super(message, { cause });
    this.problem = problem;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  toStreamError() {
    return new StreamError(this.message, this);
  }
}

// 429 is a gateway that counts requests, 502 a proxy whose server is being replaced, 503 a server that is busy or stops, 504 a deadline.
const passing = [429, 502, 503, 504];

/** What a problem or a status amounts to: all but a few are for good. */
export function failureOf(problem, status, retryAfterMs = 0) {
  const message = problem?.detail ?? problem?.title ?? `The server answered ${status}.`;
  return passing.includes(status)
    ? new Interruption(message, { problem, status, retryAfterMs })
    : new StreamError(message, { problem, status });
}

/** Whether it is the access token that is missing, wrong or over; a function key is another matter. */
export function isAccessRefused(error) {
  return error instanceof StreamError && error.status === 401 && error.problem?.type !== 'urn:chunkstream:unauthorized';
}

/** Whether a stream has ended with its access token. */
export function isAccessExpired(error) {
  return error instanceof StreamError && error.problem?.type === 'urn:chunkstream:access-expired';
}

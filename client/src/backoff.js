const longestMs = 30_000;

/**
 * How long to wait before another attempt: twice as long after each failure, and never the same for all clients that one
 * server's end has cut off, lest they come back together.
 */
export function backoff(failures, firstMs, random = Math.random()) {
  const full = Math.min(firstMs * 2 ** (failures - 1), longestMs);
  return full * (0.5 + random / 2);
}

/**
 * The milliseconds that an answer asks for by Retry-After, in seconds or as a date; 0 if it does not. The date is of the server's
 * clock, which the answer's own date tells; a page can't see that one in an answer of another origin.
 */
export function retryAfter(headers, now = Date.now()) {
  const asked = headers.get('Retry-After');
  if (!asked) return 0;
  const ms = /^\d+$/.test(asked.trim()) ? Number(asked) * 1000 : Date.parse(asked) - (Date.parse(headers.get('Date')) || now);
  return ms > 0 ? ms : 0;
}

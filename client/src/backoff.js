const longestMs = 30_000;

/**
 * How long to wait before another attempt: twice as long after each failure, and never the same for all clients that one
 * server's end has cut off, lest they come back together.
 */
export function backoff(failures, firstMs, random = Math.random()) {
  const full = Math.min(firstMs * 2 ** (failures - 1), longestMs);
  return full * (0.5 + random / 2);
}

/** The milliseconds that a Retry-After header asks for, in seconds or as a date; 0 without one. */
export function retryAfter(header, now = Date.now()) {
  if (!header) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return ms > 0 ? ms : 0;
}

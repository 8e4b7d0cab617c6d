import { checked } from './options.js';
import { RowStream } from './row-stream.js';

export { StreamError } from './failures.js';
export { RowStream };

export function stream(url, options = {}) {
  return new RowStream(checked(url, options));
}

import { Collection } from './live/collection.js';
import { checked, checkedLive } from './options.js';
import { RowStream } from './row-stream.js';

export { StreamError } from './failures.js';
export { Collection, RowStream };

export function stream(url, options = {}) {
  return new RowStream(checked(url, options));
}

export function live(url, options = {}) {
  return new RowStream(checkedLive(url, options));
}

export function collection(url, options = {}) {
  return new Collection(checkedLive(url, options));
}

import { Collection } from './live/collection.js';
import { checked, checkedCollection, checkedLive } from './options.js';
import { RowStream } from './row-stream.js';

export { StreamError } from './failures.js';
export { Collection, RowStream };

export function stream(url, options = {}) {
  return new RowStream(checked(url, options));
}

export function live(url, options = {}) {
  if (options.share !== undefined) throw new TypeError('share is an option of collection() alone: whoever joins needs the rows that somebody keeps.');
  return new RowStream(checkedLive(url, options));
}

export function collection(url, options = {}) {
  return new Collection(checkedCollection(url, options));
}

import { createCollection } from '@tanstack/db';
import { chunkstreamCollectionOptions } from 'chunkstream-client/tanstack-db';

window.requests = [];
const counting = (url, init) => {
  requests.push(String(url));
  return fetch(url, init);
};
// The schema says the key, also in a tab that has the rows from another one.
const issues = createCollection(chunkstreamCollectionOptions({ url: '/api/queries/issues?team=1', share: true, fetch: counting }));
window.titles = () => issues.toArray.map(({ id, title }) => `${id} ${title}`).sort().join();
issues.preload();

import { createCollection, createLiveQueryCollection, gt } from '@tanstack/db';
import { chunkstreamCollectionOptions } from 'chunkstream-client/tanstack-db';
import { once } from 'node:events';
// As docs/clients.md has it.
import { issues } from './tanstack-db.mjs';

const { API: api } = process.env;
const options = { url: `${api}/api/queries/issues?team=1`, backoffMs: 10 };
const titles = createLiveQueryCollection((query) => query.from({ issue: issues }).where(({ issue }) => gt(issue.id, 1))
  .orderBy(({ issue }) => issue.id).select(({ issue }) => ({ id: issue.id, title: issue.title })));
const say = () => console.log(JSON.stringify(titles.toArray.map(({ id, title }) => `${id} ${title}`)));

await titles.preload();
say();
titles.subscribeChanges(say);

// Each command that the test gives: what is to be done.
for (let isOver = false; !isOver;) {
  const command = String((await once(process.stdin, 'data'))[0]).trim();
  if (command === 'insert') {
    const inserting = issues.insert({ id: 9, title: 'mine' });
    await inserting.isPersisted.promise;
    console.log(`persisted ${issues.get(9).title}`);
  } else {
    isOver = true;
  }
}

// Without getKey the schema says the key; a refusal is told.
const byDefault = createCollection(chunkstreamCollectionOptions(options));
await byDefault.preload();
console.log(byDefault.get(2).title, byDefault.utils.state());
const refused = createCollection(chunkstreamCollectionOptions({ ...options, url: `${api}/api/queries/none` }));
await refused.preload().catch((error) => console.log(error.status ?? error.cause?.status ?? String(error)));
console.log(refused.status, refused.utils.error()?.status);
await byDefault.cleanup();
console.log(byDefault.utils.state());

// Who is refused when the connection comes again has failed, too, though rows are there.
const cut = new AbortController();
const untilCut = async (url, { signal, ...init }) => (cut.signal.aborted
  ? new Response(null, { status: 403 })
  : fetch(url, { ...init, signal: AbortSignal.any([signal, cut.signal]) }));
const later = createCollection(chunkstreamCollectionOptions({ ...options, fetch: untilCut }));
await later.preload();
const failed = new Promise((resolve) => {
  later.on('status:change', ({ status }) => status === 'error' && resolve());
  setTimeout(resolve, 30_000);
});
cut.abort();
await failed;
console.log(later.status, later.size, later.utils.error().status);

// Whoever waits hears it, too, of rows that have no key of their own, and if the signal has closed it before.
const keyless = createCollection(chunkstreamCollectionOptions({ ...options, getKey: () => { throw new TypeError('No key.'); } }));
await keyless.preload().catch(({ message }) => console.log(message, keyless.status, keyless.utils.error().message));
const doubled = createCollection(chunkstreamCollectionOptions({ ...options, getKey: () => 1 }));
await doubled.preload().catch(({ name }) => console.log(name, doubled.status));
const closed = createCollection(chunkstreamCollectionOptions({ ...options, signal: AbortSignal.abort() }));
await closed.preload().catch(({ name }) => console.log(name, closed.status));
process.exit();

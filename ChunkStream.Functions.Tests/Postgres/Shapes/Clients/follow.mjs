// Follows the shape at SHAPE_URL by each of the clients that people have, as they come from npm, and says what rows each of them has, a line of JSON
// whenever they change: {"who":…,"rows":[…]}. The test tells it what to do by lines of JSON.
import { createInterface } from 'node:readline';
import { JSDOM } from 'jsdom';

// Clients pause on a page that nobody sees.
const { window } = new JSDOM('<div id="root"></div>', { pretendToBeVisual: true });
Object.assign(globalThis, { window, document: window.document });

const { Shape, ShapeStream } = await import('@electric-sql/client');
const { useShape } = await import('@electric-sql/react');
const { createCollection } = await import('@tanstack/db');
const { electricCollectionOptions } = await import('@tanstack/electric-db-collection');
const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');

const say = (what) => process.stdout.write(`${JSON.stringify(what, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}\n`);
const options = {
  url: process.env.SHAPE_URL,
  params: { params: { team: '1' } },
  parser: { timestamptz: (text) => Date.parse(text) },
  warnOnHttp: false,
};
const show = (who, rows) => say({ who, rows: [...rows].sort((a, b) => a.id - b.id) });

const ended = new AbortController();
const polled = new ShapeStream({ ...options, signal: ended.signal });
new Shape(polled).subscribe(({ rows }) => show('poll', rows));

const events = new ShapeStream({ ...options, params: { team: '1' }, liveSse: true });
new Shape(events).subscribe(({ rows }) => show('sse', rows));

function View() {
  const { data, isLoading } = useShape({ ...options, params: { params: ['1'] } });
  if (!isLoading) show('react', data);
  return null;
}
createRoot(window.document.getElementById('root')).render(createElement(View));

const collection = createCollection(electricCollectionOptions({ shapeOptions: options, getKey: (row) => row.id }));
collection.subscribeChanges(() => show('tanstack', [...collection.values()].map(({ $synced, $origin, $key, $collectionId, ...row }) => row)), {
  includeInitialState: true,
});
await collection.preload();

const orders = {
  txid: async (txid) => say({ who: 'txid', seen: await collection.utils.awaitTxId(txid, 20_000) }),
  stop: async () => {
    ended.abort();
    say({ who: 'stopped', offset: polled.lastOffset, handle: polled.shapeHandle });
  },
  resume: async ({ url, offset, handle }) => {
    const stream = new ShapeStream({ ...options, url, offset, handle });
    stream.subscribe((messages) => {
      say({ who: 'resumed', messages: messages.filter(({ key }) => key).map(({ headers, value }) => [headers.operation, value.id]) });
      stream.unsubscribeAll();
    });
  },
  refused: async (params) => {
    const stream = new ShapeStream({ ...options, params });
    stream.subscribe(() => {}, (error) => say({ who: 'refused', status: error.status, detail: error.message }));
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const [[name, value]] = Object.entries(JSON.parse(line));
  await orders[name](value);
}
process.exit();

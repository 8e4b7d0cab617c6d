import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError, stream } from '../src/index.js';
import { collect, collectToFailure } from './support/frames.js';
import { chunk, cut, head, lastChunk, problem, serve, whole } from './support/scripted-server.js';

const ndjson = { format: 'ndjson', backoffMs: 1, maxRejoins: 2 };
const type = 'text/plain';

test('Lines of any server are rows, with whatever line breaks and white space', async (t) => {
  const server = await serve(t, whole('{"a":1}\r\n  \n   {"a":2}\n\n[3]\n   "last"', { type }));
  const rows = stream(`${server.url}?format=ndjson&resume=no`, ndjson);
  assert.deepEqual(await rows.schema, { columns: [], estimatedRows: null, checkpoints: false });
  assert.deepEqual(await collect(rows), [{ a: 1 }, { a: 2 }, [3], 'last']);
  assert.equal(server.requests[0].headers.accept, 'application/x-ndjson');
  assert.equal(server.requests[0].url.search, '?format=ndjson&resume=no');
});

test('A row is handed out when its line is there', async (t) => {
  let goOn;
  const server = await serve(t, (socket) => {
    socket.write(head({ type }) + chunk('1\n2'));
    goOn = () => socket.end(chunk('3\n') + lastChunk);
  });
  const batches = stream(server.url, ndjson).batches();
  assert.deepEqual((await batches.next()).value, [1]);
  goOn();
  assert.deepEqual((await batches.next()).value, [23]);
  assert.equal((await batches.next()).done, true);
});

test('A connection that is cut is a failure after the rows that came, and is not begun again', async (t) => {
  const body = '{"a":1}\n{"a":2}\n{"a":3}\n';
  const options = { type, headers: { Connection: 'keep-alive' } };
  const start = Buffer.byteLength(head(options) + chunk(body)) - body.length - 2;
  const server = await serve(t, cut(body, start + 12, options));
  const { rows, failure } = await collectToFailure(stream(server.url, ndjson));
  assert.deepEqual(rows, [{ a: 1 }]);
  assert.ok(failure instanceof StreamError);
  assert.equal(server.requests.length, 1);
});

test('A busy server is asked again, and a line that is no JSON is a failure', async (t) => {
  const busy = await serve(t, problem(503, 'busy', ''), whole('1\n', { type }));
  assert.deepEqual(await collect(stream(busy.url, ndjson)), [1]);
  const html = await serve(t, whole('<h1>Log in</h1>', { type: 'text/html' }));
  assert.match((await collectToFailure(stream(html.url, ndjson))).failure.message, /not JSON/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../src/index.js';
import { checkpoint, collect, end, row, rowOf, rowsOf, schema, servingKeyed } from './support/frames.js';
import { chunk, head, lastChunk, serve, whole } from './support/scripted-server.js';

test('The schema is there before the rows, and takes none of them', async (t) => {
  const server = await serve(t, servingKeyed(4));
  const rows = stream(server.url);
  assert.equal(rows.progress.state, 'connecting');
  assert.equal(server.requests.length, 0);
  assert.deepEqual(await rows.schema, { columns: [{ name: 'id', type: 'int8' }], estimatedRows: 10 });
  assert.deepEqual(await collect(rows), rowsOf(4));
  assert.equal((await rows.schema).estimatedRows, 10);
});

test('A stream that ends without a schema has none, and nobody waits for it', async (t) => {
  const server = await serve(t, whole(end(0)));
  const rows = stream(server.url);
  assert.deepEqual(await collect(rows), []);
  await assert.rejects(rows.schema, { name: 'StreamError', message: /never told its schema/ });
});

test('Whoever watches hears of each state, and counts what was handed out', async (t) => {
  const server = await serve(t, whole(schema + row(1) + checkpoint(1)), whole(schema.replace('10', '9') + row(2) + end(1)));
  const seen = [];
  const rows = stream(server.url, { backoffMs: 1, onProgress: (progress) => seen.push(progress) });
  await collect(rows);
  assert.deepEqual(seen.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]), ['streaming', 'waiting', 'connecting', 'streaming', 'ended']);
  const last = seen.at(-1);
  assert.deepEqual(last, rows.progress);
  assert.deepEqual({ ...last, bytes: 0 }, { rows: 2, bytes: 0, estimatedRows: 10, rejoins: 1, checkpoint: null, state: 'ended' });
  assert.equal(last.bytes, Buffer.byteLength(schema + row(1) + checkpoint(1) + schema + row(2) + end(1)) - 1);
  assert.ok(seen.every((progress, index) => index === 0 || progress.bytes >= seen[index - 1].bytes));
});

test('The checkpoint is that of the rows that were handed out, not of those that have arrived', async (t) => {
  const server = await serve(t, whole(schema + row(1) + row(2) + checkpoint(2) + row(3) + end(3)));
  const rows = stream(server.url, { resume: 'after-0' });
  await rows.schema;
  assert.equal(rows.progress.checkpoint, 'after-0');
  await collect(rows);
  assert.equal(rows.progress.checkpoint, null);

  const oneByOne = stream((await serve(t, (socket) => socket.write(head() + chunk(schema + row(1) + row(2) + checkpoint(2))))).url);
  const iterator = oneByOne[Symbol.asyncIterator]();
  await iterator.next();
  assert.deepEqual([oneByOne.progress.rows, oneByOne.progress.checkpoint], [1, null]);
  await iterator.next();
  assert.deepEqual([oneByOne.progress.rows, oneByOne.progress.checkpoint], [2, 'after-2']);
});

test('A later stream goes on where an earlier one was left', async (t) => {
  const server = await serve(t, servingKeyed(9));
  const first = stream(server.url);
  const given = [];
  for await (const batch of first.batches()) {
    given.push(...batch);
    if (first.progress.checkpoint) break;
  }
  const token = first.progress.checkpoint;
  // The last batch of a stream that has ended has no token: nothing is left.
  if (token) given.push(...(await collect(stream(server.url, { resume: token }))));
  assert.deepEqual(given, rowsOf(9));
  assert.deepEqual(await collect(stream(`${server.url}?resume=after-6`)), [7, 8, 9].map(rowOf));
});

test('What a watcher throws ends the stream with it', async (t) => {
  const server = await serve(t, servingKeyed(3));
  const bug = new TypeError('Mine.');
  await assert.rejects(collect(stream(server.url, { onProgress: () => { throw bug; } })), bug);
  await server.requests[0].closed;
});

test('Nothing is read that nobody asks for', async (t) => {
  const line = `${JSON.stringify({ row: { filler: 'x'.repeat(1000) } })}\n`;
  const piece = chunk(line.repeat(64) + checkpoint(1));
  let sent = 0;
  const server = await serve(t, async (socket) => {
    socket.write(head() + chunk(schema));
    while (sent < 200_000_000) {
      sent += piece.length;
      if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    socket.end(lastChunk);
  });
  const batches = stream(server.url).batches();
  await batches.next();

  // The sockets' buffers fill; then the server waits, for as long as the reader does.
  let before;
  do {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  } while (sent > before);
  assert.ok(sent < 20_000_000, `${sent} bytes were sent`);

  for (let taken = 0; taken < 300; taken++) await batches.next();
  assert.ok(sent > before);
  await batches.return();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError, stream } from '../src/index.js';
import { Lines } from '../src/lines.js';
import { collect, keyed, keyless, rowOf, rowsOf, schema, end } from './support/frames.js';
import { chunk, framesType, head, lastChunk, serve, whole } from './support/scripted-server.js';

test('Lines and characters may be parted anywhere', () => {
  const bytes = new TextEncoder().encode('ä\n🐘🐘\n\nlast €');
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const lines = new Lines();
      const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      assert.equal(pieces.map((piece) => lines.push(piece)).join(''), 'ä\n🐘🐘\n\n');
      assert.equal(lines.rest(), 'last €');
    }
  }
});

test('A stream that arrives byte by byte is read as one that arrives at once', async (t) => {
  const server = await serve(t, async (socket) => {
    socket.setNoDelay();
    socket.write(head());
    for (const byte of Buffer.from(keyed(4))) {
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
      await new Promise(setImmediate);
    }
    socket.end(lastChunk);
  });
  assert.deepEqual(await collect(stream(server.url)), rowsOf(4));
});

test('A line of megabytes is a row like any other', async (t) => {
  const big = { text: 'ä'.repeat(4_000_000) };
  const server = await serve(t, whole(schema + `${JSON.stringify({ row: big })}\n` + end(1)));
  assert.deepEqual(await collect(stream(server.url)), [big]);
});

test('What comes in one piece of a megabyte is handed out in portions, so that a page can paint between them', async () => {
  const count = 20_000;
  const fetch = async () => new Response(keyed(count), { headers: { 'Content-Type': framesType } });
  const sizes = [];
  const rows = [];
  for await (const batch of stream('http://localhost/rows', { fetch }).batches()) {
    sizes.push(new TextEncoder().encode(JSON.stringify(batch)).length);
    rows.push(...batch);
  }
  assert.deepEqual(rows, rowsOf(count));
  assert.ok(Math.max(...sizes) <= 64 * 1024, `${Math.max(...sizes)} bytes in one portion`);
});

test('Heartbeats, unknown frames and empty lines are passed over', async (t) => {
  const heartbeat = '{"heartbeat":"2026-01-02T12:00:00+00:00"}\n';
  const lines = keyless(3).split(/(?<=\n)/);
  const server = await serve(t, whole(heartbeat + lines.join(`${heartbeat}\n{"news":1}\nnull\n`)));
  assert.deepEqual(await collect(stream(server.url)), rowsOf(3));
});

test('Bytes that are no UTF-8 are a failure, not question marks', async (t) => {
  const server = await serve(t, (socket) => socket.end(Buffer.concat([Buffer.from(`${head()}4\r\n"`), Buffer.from([0xff]), Buffer.from('"\n\r\n0\r\n\r\n')])));
  await assert.rejects(collect(stream(server.url)), (error) => error instanceof StreamError && /UTF-8/.test(error.message));
});

test('Null, numbers and texts are rows, too', async (t) => {
  const server = await serve(t, whole(`${schema}{"row":null}\n{"row":0}\n{"row":"a"}\n${end(3)}`));
  assert.deepEqual(await collect(stream(server.url), 'rows'), [null, 0, 'a']);
});

test('Many rows come in few batches', async (t) => {
  const count = 20_000;
  const server = await serve(t, (socket) => socket.end(head() + chunk(keyed(count)) + lastChunk));
  let batches = 0;
  let rows = 0;
  for await (const batch of stream(server.url).batches()) {
    batches++;
    rows += batch.length;
    assert.deepEqual(batch.at(-1), rowOf(rows));
  }
  assert.equal(rows, count);
  assert.ok(batches < 200, `${batches} batches`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError, stream } from '../src/index.js';
import { checkpoint, collect, collectToFailure, end, ids, keyed, keyless, row, rowOf, rowsOf, schema, schemaThatSays, servingKeyed } from './support/frames.js';
import { cut, head, lastChunk, chunk, serve, whole } from './support/scripted-server.js';

const quick = { backoffMs: 1 };
const count = 8;
const lengthOf = (body) => Buffer.byteLength(head() + chunk(body) + lastChunk);
const inTurns = (length, each) => Promise.all(Array.from({ length: 8 }, async (_, first) => {
  for (let at = first; at < length; at += 8) await each(at);
}));

// Node's fetch takes a body that is cut for whole where the server had announced to close the connection.
for (const [by, Connection] of [['batches', 'keep-alive'], ['rows', 'close']]) {
  test(`A keyed stream that is cut after any byte gives every row once, by ${by}, connection: ${Connection}`, async (t) => {
    const body = keyed(count);
    await inTurns(lengthOf(body), async (bytes) => {
      const server = await serve(t, cut(body, bytes, { headers: { Connection } }), servingKeyed(count));
      const rows = stream(server.url, quick);
      assert.deepEqual(await collect(rows, by), rowsOf(count), `cut after ${bytes} bytes`);
      assert.equal(rows.progress.state, 'ended');
      assert.equal(rows.progress.rejoins, server.requests.length - 1);
    });
  });
}

test('A keyed stream of which every response is cut goes on from checkpoint to checkpoint', async (t) => {
  const server = await serve(t, (socket, request) => cut(keyed(30, request.resume), lengthOf(keyed(3, null, 2)) + 200)(socket, request));
  assert.deepEqual(await collect(stream(server.url, { ...quick, maxRejoins: 1 })), rowsOf(30));
  assert.ok(server.requests.length > 5);
  assert.deepEqual(server.requests.slice(0, 2).map((request) => request.resume), [null, 'after-3']);
});

test('A stream without checkpoints that is cut after any byte is a failure, and what it gave is right', async (t) => {
  const body = keyless(count);
  const wholeBefore = lengthOf(body) - Buffer.byteLength(`\r\n${lastChunk}`);
  await inTurns(lengthOf(body), async (bytes) => {
    const rows = stream((await serve(t, cut(body, bytes))).url, { ...quick, maxRejoins: 1 });
    if (bytes >= wholeBefore) {
      // The end frame was there: it is the end.
      assert.deepEqual(await collect(rows), rowsOf(count));
      return;
    }
    const { rows: given, failure } = await collectToFailure(rows);
    assert.ok(failure instanceof StreamError, `cut after ${bytes} bytes: ${failure}`);
    assert.deepEqual(given, rowsOf(given.length));
    assert.equal(failure.checkpoint, null);
    assert.equal(rows.progress.state, 'failed');
  });
});

test('Rows without checkpoints are handed out at once, and not asked for again', async (t) => {
  let goOn;
  const server = await serve(t, (socket) => {
    socket.write(head() + chunk(schema + row(1)));
    goOn = () => socket.end(chunk(row(2)));
  });
  const batches = stream(server.url, quick).batches();

  const start = performance.now();
  assert.deepEqual((await batches.next()).value, [rowOf(1)]);
  assert.ok(performance.now() - start < 5000, 'at once, but on a busy machine');
  goOn();
  assert.deepEqual((await batches.next()).value, [rowOf(2)]);
  await assert.rejects(batches.next(), StreamError);
  await assert.rejects(batches.next(), StreamError, 'a failed stream stays failed');
  assert.equal(server.requests.length, 1);
});

test('Megabytes without a checkpoint are not held back', async (t) => {
  const filler = `${JSON.stringify({ row: { filler: 'x'.repeat(1000) } })}\n`;
  const server = await serve(t, (socket) => {
    socket.write(head() + chunk(schema));
    const timer = setInterval(() => socket.write(chunk(filler.repeat(64))), 1);
    socket.once('close', () => clearInterval(timer));
  });
  const rows = stream(server.url);
  for await (const batch of rows.batches()) {
    assert.ok(batch.length > 0);
    break;
  }
  assert.ok(rows.progress.bytes < 3_000_000);
});

test('Rows of a stream that says that none will have a checkpoint are handed out without any waiting', async (t) => {
  const server = await serve(t, (socket) => socket.write(head() + chunk(schemaThatSays(false) + row(1) + row(2))));
  const tooLate = new Promise((resolve) => setTimeout(resolve, 30_000, { value: 'nothing' }).unref());
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rows = stream(server.url);
  const batches = rows.batches();
  assert.deepEqual((await Promise.race([batches.next(), tooLate])).value, rowsOf(2));
  assert.equal((await rows.schema).checkpoints, false);
  await batches.return();
});

test('Rows of a stream that says that checkpoints will come wait for theirs, however long, and a cut before it loses none', async (t) => {
  const begun = (socket) => {
    socket.write(head() + chunk(schemaThatSays(true) + row(1)));
    setTimeout(() => socket.end(), 200);
  };
  const server = await serve(t, begun, servingKeyed(3));
  const rows = stream(server.url, quick);
  assert.deepEqual(await collect(rows), rowsOf(3));
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, null]);
  assert.equal((await rows.schema).checkpoints, true);
});

test('Rows after the last checkpoint are held back until the next', async (t) => {
  let goOn;
  const server = await serve(t, (socket) => {
    socket.write(head() + chunk(schema + row(1) + checkpoint(1) + row(2)));
    goOn = () => socket.end(chunk(checkpoint(2) + row(3) + end(3)) + lastChunk);
  });
  const rows = stream(server.url);
  const batches = rows.batches();
  assert.deepEqual((await batches.next()).value, [rowOf(1)]);
  assert.equal(rows.progress.checkpoint, 'after-1');

  const second = batches.next();
  assert.equal(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 150, 'nothing'))]), 'nothing');
  goOn();
  assert.deepEqual((await second).value, ids(3).slice(1).map(rowOf));
});

test('A body that ends cleanly without its end frame is cut, too', async (t) => {
  const server = await serve(t, whole(schema + row(1) + row(2) + row(3) + checkpoint(3)), servingKeyed(5));
  assert.deepEqual(await collect(stream(server.url, quick)), rowsOf(5));
  assert.equal(server.requests.length, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../src/index.js';
import { checkpoint, collect, row, rowOf, schema, servingKeyed } from './support/frames.js';
import { open, problem, serve } from './support/scripted-server.js';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const reason = new Error('Enough.');
const begun = schema + row(1) + row(2) + checkpoint(2);

async function asked(server) {
  while (server.requests.length === 0) await pause(10);
  await pause(100);
}

test('A signal that is aborted already: nothing is sent', async (t) => {
  const server = await serve(t, open(begun));
  const rows = stream(server.url, { signal: AbortSignal.abort(reason) });
  await assert.rejects(collect(rows), reason);
  await assert.rejects(rows.schema, reason);
  assert.equal(server.requests.length, 0);
});

for (const [when, script] of [['no answer has come', () => {}], ['rows are awaited', open(begun)]]) {
  test(`An abort while ${when} rejects with its reason and closes the connection`, async (t) => {
    const server = await serve(t, script);
    const controller = new AbortController();
    const rows = stream(server.url, { signal: controller.signal });
    const collecting = collect(rows);
    await asked(server);
    controller.abort(reason);
    await assert.rejects(collecting, reason);
    await server.requests[0].closed;
    assert.equal(rows.progress.state, 'failed');
  });
}

test('An abort between two attempts ends the waiting', async (t) => {
  const server = await serve(t, problem(503, 'busy', '', { 'Retry-After': '3600' }));
  const controller = new AbortController();
  const collecting = collect(stream(server.url, { signal: controller.signal }));
  await asked(server);
  controller.abort(reason);
  await assert.rejects(collecting, reason);
});

for (const by of ['rows', 'batches']) {
  test(`An abort while the reader is busy closes the connection at once, and the next of its ${by} rejects`, async (t) => {
    const server = await serve(t, open(begun));
    const controller = new AbortController();
    const rows = stream(server.url, { signal: controller.signal });
    const iterator = by === 'rows' ? rows[Symbol.asyncIterator]() : rows.batches();
    await iterator.next();
    controller.abort(reason);
    await server.requests[0].closed;
    await assert.rejects(iterator.next(), reason);
    await assert.rejects(iterator.next(), reason);
  });

  test(`Who leaves the loop of ${by} closes the connection`, async (t) => {
    const server = await serve(t, open(begun));
    const rows = stream(server.url);
    for await (const _ of by === 'rows' ? rows : rows.batches()) break;
    await server.requests[0].closed;
    assert.equal(rows.progress.state, 'failed');
  });

  test(`Who returns from ${by} while it waits gets an end`, async (t) => {
    const server = await serve(t, open(schema));
    const rows = stream(server.url);
    const iterator = by === 'rows' ? rows[Symbol.asyncIterator]() : rows.batches();
    const waiting = iterator.next();
    await asked(server);
    assert.deepEqual(await iterator.return('done'), { done: true, value: 'done' });
    assert.equal((await waiting).done, true);
    assert.equal((await iterator.next()).done, true);
    await server.requests[0].closed;
  });
}

test('An exception in the loop closes the connection', async (t) => {
  const server = await serve(t, open(begun));
  await assert.rejects(async () => {
    for await (const _ of stream(server.url)) throw reason;
  }, reason);
  await server.requests[0].closed;
});

test('A second loop is refused: it would look like an empty stream', async (t) => {
  const server = await serve(t, servingKeyed(3));
  const rows = stream(server.url);
  for await (const _ of rows) break;
  assert.throws(() => rows.batches(), TypeError);
  assert.throws(() => rows[Symbol.asyncIterator](), TypeError);
});

test('An abort after the end changes nothing, and leaves no listener behind', async (t) => {
  const server = await serve(t, servingKeyed(3));
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...given) => (listeners++, add(...given));
  signal.removeEventListener = (...given) => (listeners--, remove(...given));
  const rows = stream(server.url, { signal });
  await collect(rows);
  assert.equal(listeners, 0);
  controller.abort(reason);
  assert.equal(rows.progress.state, 'ended');
});

test('Rows that are asked for before they are there come in order', async (t) => {
  const server = await serve(t, servingKeyed(7));
  const iterator = stream(server.url)[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 9 }, () => iterator.next()));
  assert.deepEqual(results.map(({ value }) => value), [1, 2, 3, 4, 5, 6, 7].map(rowOf).concat([undefined, undefined]));
});

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { collection, StreamError } from '../../src/index.js';
import { gone, liveSchema, refetch, rowLine, schemaOf, token, until, upTo, upsert } from '../support/live.js';
import { chunk, head, open, problem, serve } from '../support/scripted-server.js';

const quick = { backoffMs: 1 };
const titles = ({ rows }) => rows.map(({ id, title }) => `${id} ${title}`);

/** A server that sends what the test writes. */
async function written(t) {
  let write;
  const begun = new Promise((resolve) => (write = resolve));
  const server = await serve(t, (socket) => {
    socket.write(head());
    write((text) => socket.write(chunk(text)));
  });
  return { server, write: async (text) => (await begun)(text) };
}

test('Rows change only where the server is at a position, and all at once', async (t) => {
  const { server, write } = await written(t);
  let bytes = 0;
  const issues = collection(server.url, { ...quick, onProgress: (progress) => (bytes = progress.bytes) });
  const told = [];
  issues.subscribe((changes) => changes.length > 0 && told.push([changes.map(({ type, key }) => `${type} ${key}`), titles(issues)]));
  const send = async (text) => {
    const before = bytes;
    await write(text);
    while (bytes < before + Buffer.byteLength(text)) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  await send(liveSchema + rowLine(1) + rowLine(2) + token('r2'));
  assert.deepEqual([issues.size, issues.isReady, issues.state], [0, false, 'streaming']);
  await send(upTo('p1'));
  assert.equal(await issues.ready, issues);
  assert.deepEqual(titles(issues), ['1 first 1', '2 first 2']);
  const before = issues.rows;
  await send(upsert(2, 'second') + gone(1) + gone(77));
  assert.equal(issues.rows, before, 'nothing is shown of a step that is not whole');
  await send(upsert(3, 'new') + upTo('p2'));
  assert.deepEqual(titles(issues), ['2 second', '3 new']);
  assert.deepEqual(issues.get(3), { id: 3, title: 'new' });
  assert.deepEqual([issues.get('3'), issues.get(3n), issues.get({ id: 3 })], Array(3).fill(issues.get(3)));
  assert.deepEqual([issues.get(1), issues.has(1), issues.has(2), [...issues].length], [undefined, false, true, 2]);
  const same = issues.rows;
  await send(upTo('p3'));
  assert.equal(issues.rows, same);

  await send(refetch() + rowLine(3, 'anew') + rowLine(4) + token('r4'));
  assert.equal(issues.rows, same, 'the old rows are shown until the new ones are there');
  await send(upTo('p4'));
  assert.deepEqual(titles(issues), ['3 anew', '4 first 4']);
  assert.deepEqual(told, [
    [['upsert 1', 'upsert 2'], ['1 first 1', '2 first 2']],
    [['upsert 2', 'delete 1', 'upsert 3'], ['2 second', '3 new']],
    [['delete 2', 'upsert 3', 'upsert 4'], ['3 anew', '4 first 4']],
  ]);
  issues.close();
  assert.equal(issues.state, 'closed');
  await server.requests[0].closed;
});

test('It is cut, and goes on from its position; it tells its state', async (t) => {
  const server = await serve(
    t,
    (socket) => socket.end(head() + chunk(liveSchema + rowLine(1) + upTo('p1') + upsert(9, 'never'))),
    problem(503, 'busy', ''),
    open(liveSchema + upsert(2, 'new') + gone(1) + upTo('p2')));
  const issues = collection(server.url, quick);
  const states = [issues.state];
  issues.subscribe(() => issues.state !== states.at(-1) && states.push(issues.state));
  await until(issues, ({ rows }) => rows[0]?.id === 2);
  assert.deepEqual(titles(issues), ['2 new']);
  assert.deepEqual(states, ['connecting', 'streaming', 'waiting', 'connecting', 'waiting', 'connecting', 'streaming']);
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, 'p1', 'p1']);
  issues.close();
});

test('A refusal is the end, and said: to who waits, and to who looks later', async (t) => {
  const server = await serve(t, problem(403, 'forbidden', 'Not yours.'));
  const { signal } = new AbortController();
  const issues = collection(server.url, { ...quick, signal });
  await assert.rejects(issues.ready, { name: 'StreamError', status: 403, message: 'Not yours.' });
  assert.deepEqual([issues.state, issues.isReady, issues.error instanceof StreamError], ['failed', false, true]);
  issues.close();
  assert.equal(issues.state, 'failed');
  assert.equal(getEventListeners(signal, 'abort').length, 0, 'a signal of the page outlives it');
});

test('A signal closes it, one that is aborted before begins nothing, and rows that are there stay', async (t) => {
  const server = await serve(t, open(liveSchema + rowLine(1) + upTo('p1')));
  const leaving = new AbortController();
  const issues = collection(server.url, { signal: leaving.signal });
  await issues.ready;
  leaving.abort();
  await server.requests[0].closed;
  assert.deepEqual([issues.state, issues.error, issues.size], ['closed', null, 1]);

  const never = collection(server.url, { signal: leaving.signal });
  await assert.rejects(never.ready, { name: 'AbortError' });
  assert.deepEqual([never.state, server.requests.length], ['closed', 1]);
  assert.equal(getEventListeners(leaving.signal, 'abort').length, 0);
});

test('After it was closed nothing changes, also if more has come already', async (t) => {
  const { server, write } = await written(t);
  const issues = collection(server.url);
  let told = 0;
  issues.subscribe((changes) => {
    told += changes.length;
    if (changes.length > 0) issues.close();
  });
  await write(liveSchema + rowLine(1) + upTo('p1') + upsert(2, 'late') + upTo('p2'));
  await issues.ready;
  await server.requests[0].closed;
  assert.deepEqual([titles(issues), told], [['1 first 1'], 1]);
});

test('Large numbers are keys of their own, though JavaScript takes them for equal', async (t) => {
  const body = schemaOf('id int8 key', 'title text') + ['9007199254740992', '9007199254740993'].map((id) => `{"row":{"id":${id},"title":"${id}"}}\n`).join('');
  const server = await serve(t, open(`${body}${upTo('p1')}{"delete":{"id":9007199254740993}}\n${upTo('p2')}`));
  const rows = collection(server.url);
  await until(rows, ({ size }) => size === 1);
  assert.equal(rows.get(9007199254740992n).title, '9007199254740992');
  assert.equal(rows.get('9007199254740993'), undefined);
  rows.close();
});

test('A listener that throws takes nothing from the others', async (t) => {
  const { server, write } = await written(t);
  const issues = collection(server.url);
  const thrown = new Promise((resolve) => {
    const [own] = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      if (own) process.on('uncaughtException', own);
      resolve(error);
    });
  });
  const leave = issues.subscribe((changes) => { if (changes.length > 0) throw new Error('Mine.'); });
  await write(liveSchema + rowLine(1) + upTo('p1'));
  await until(issues, ({ size }) => size === 1);
  assert.equal((await thrown).message, 'Mine.');
  leave();
  issues.close();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError, stream } from '../src/index.js';
import { backoff, retryAfter } from '../src/backoff.js';
import { checkpoint, collect, collectToFailure, end, error, row, rowOf, rowsOf, schema, schemaThatSays, servingKeyed } from './support/frames.js';
import { chunk, head, lastChunk, open, problem, serve, standStill, whole } from './support/scripted-server.js';

const quick = { backoffMs: 1 };
const rejecting = async (rows) => (await collectToFailure(rows)).failure;

for (const status of [400, 401, 404, 406, 408, 409, 413, 500]) {
  test(`A ${status} is final, and says what the server says`, async (t) => {
    const server = await serve(t, problem(status, 'some-type', 'Because.'));
    const rows = stream(server.url, quick);
    const failure = await rejecting(rows);
    assert.ok(failure instanceof StreamError);
    assert.equal(failure.name, 'StreamError');
    assert.equal(failure.message, 'Because.');
    assert.deepEqual(failure.problem, { type: 'urn:chunkstream:some-type', title: 'some-type', status, detail: 'Because.' });
    assert.equal(failure.status, status);
    await assert.rejects(rows.schema, failure);
    assert.equal(server.requests.length, 1);
  });
}

test('A status without a problem is a failure with the status', async (t) => {
  const server = await serve(t, whole('<h1>Not here</h1>', { status: 404, type: 'text/html' }));
  const failure = await rejecting(stream(server.url));
  assert.equal(failure.status, 404);
  assert.equal(failure.problem, null);
  assert.match(failure.message, /404/);
});

test('A 503 is tried again, not before the server wants it', async (t) => {
  const server = await serve(t, problem(503, 'busy', 'Full.', { 'Retry-After': '1' }), servingKeyed(3));
  const start = performance.now();
  assert.deepEqual(await collect(stream(server.url, quick)), rowsOf(3));
  assert.ok(performance.now() - start >= 1000);
});

test('A 429 and a 502 are tried again, and a 504 only where the stream had got somewhere', async (t) => {
  const mended = await serve(t, problem(502, 'gateway', ''), problem(429, 'too-many', '', { 'Retry-After': '0' }), servingKeyed(3));
  assert.deepEqual(await collect(stream(mended.url, quick)), rowsOf(3));
  const late = await serve(t, problem(504, 'query-timeout', 'Slow.'));
  assert.equal((await rejecting(stream(late.url, quick))).status, 504);
  assert.equal(late.requests.length, 1);
  const begun = await serve(t, whole(schema + row(1) + checkpoint(1)), problem(504, 'deadline-reached', ''), servingKeyed(3));
  assert.deepEqual((await collect(stream(begun.url, quick))).length, 3);
});

test('Attempts without a new row have a limit; a new row begins the count anew', async (t) => {
  const down = await serve(t, problem(503, 'unavailable', 'Down.'));
  const failure = await rejecting(stream(down.url, { ...quick, maxRejoins: 3 }));
  assert.equal(failure.message, 'Down.');
  assert.equal(down.requests.length, 4);

  const busy = problem(503, 'busy', '');
  const gaining = (from) => whole(schema + row(from) + checkpoint(from));
  const server = await serve(t, busy, busy, gaining(1), busy, busy, gaining(2), busy, busy, busy);
  const { rows, failure: last } = await collectToFailure(stream(server.url, { ...quick, maxRejoins: 3 }));
  assert.deepEqual(rows, rowsOf(2));
  assert.equal(last.checkpoint, 'after-2');
  assert.equal(server.requests.length, 9);
});

test('By default an outage is waited for, however many attempts fail in it, and ends with the signal', async (t) => {
  const busy = problem(503, 'unavailable', 'Down.');
  const server = await serve(t, whole(schema + row(1) + checkpoint(1)), ...Array(12).fill((socket) => socket.destroy()), ...Array(12).fill(busy), servingKeyed(3));
  assert.deepEqual(await collect(stream(server.url, { backoffMs: 0 })), rowsOf(3));
  assert.equal(server.requests.length, 26);

  const leaving = new AbortController();
  const down = await serve(t, (socket) => socket.destroy());
  const onProgress = ({ rejoins }) => rejoins > 20 && leaving.abort();
  const failure = await rejecting(stream(down.url, { backoffMs: 0, signal: leaving.signal, onProgress }));
  assert.equal(failure, leaving.signal.reason);
});

test('With no rejoins allowed the first cut is the last', async (t) => {
  const server = await serve(t, whole(schema + row(1) + checkpoint(1)));
  assert.equal((await rejecting(stream(server.url, { maxRejoins: 0 }))).checkpoint, 'after-1');
  assert.equal(server.requests.length, 1);
});

test('A server that is not there is a failure in the end', async () => {
  const failure = await rejecting(stream('http://127.0.0.1:1/', { ...quick, maxRejoins: 1 }));
  assert.equal(failure.status, null);
  assert.match(failure.message, /could not be reached/);
  assert.ok(failure.cause);
});

for (const status of [503, 504]) {
  test(`An error frame with ${status} is rejoined where there is a checkpoint, and is final where there is none`, async (t) => {
    const keyed = await serve(t, whole(schema + row(1) + row(2) + checkpoint(2) + error(status)), (socket, { resume }) => {
      assert.equal(resume, 'after-2');
      whole(schema + row(3) + end(1))(socket);
    });
    assert.deepEqual(await collect(stream(keyed.url, quick)), rowsOf(3));

    let fail;
    const keyless = await serve(t, (socket) => {
      socket.write(head() + chunk(schema + row(1)));
      fail = () => socket.end(chunk(error(status)));
    });
    const batches = stream(keyless.url, quick).batches();
    assert.deepEqual((await batches.next()).value, rowsOf(1));
    fail();
    await assert.rejects(batches.next(), { name: 'StreamError', message: 'It is failed.', status });
    assert.equal(keyless.requests.length, 1);
  });
}

test('Any other error frame is final, after the rows that came before it', async (t) => {
  const keyed = await serve(t, whole(schema + row(1) + checkpoint(1) + row(2) + checkpoint(2) + error(500, 'key-not-unique')));
  const { rows, failure } = await collectToFailure(stream(keyed.url, quick));
  assert.deepEqual(rows, rowsOf(2));
  assert.equal(failure.problem.type, 'urn:chunkstream:key-not-unique');
  assert.equal(failure.checkpoint, 'after-2');

  const keyless = await serve(t, whole(schema + row(1) + row(2) + error(500)));
  assert.deepEqual((await collectToFailure(stream(keyless.url, quick))).rows, rowsOf(2));
});

test('Half a record before an error is dropped, and is a failure before anything else', async (t) => {
  const failing = await serve(t, whole(schema + row(1) + `{"row":{"id":2,"na\n` + error(500)));
  const { rows, failure } = await collectToFailure(stream(failing.url, quick));
  assert.deepEqual(rows, rowsOf(1));
  assert.equal(failure.message, 'It is failed.');

  const corrupt = await serve(t, whole(schema + `{"row":{"id":2,"na\n` + row(1) + end(1)));
  assert.match((await rejecting(stream(corrupt.url))).message, /not JSON/);
});

test('An end that counts other rows than came is none', async (t) => {
  const server = await serve(t, whole(schema + row(1) + end(2)));
  assert.match((await rejecting(stream(server.url))).message, /2 rows, but 1 came/);
});

test('What is no stream of frames is said to be none', async (t) => {
  const page = whole('<h1>Log in</h1>', { type: 'text/html' });
  const server = await serve(t, page);
  assert.match((await rejecting(stream(server.url))).message, /text\/html.* not the address of a stream/);
  assert.equal(server.requests.length, 1);

  // Where a stream was before, it is a proxy or a network that has something to say, and it goes again.
  const mended = await serve(t, whole(schema + row(1) + checkpoint(1)), page, page, servingKeyed(3));
  assert.deepEqual(await collect(stream(mended.url, quick)), rowsOf(3));
  const gone = await serve(t, whole(schema + row(1) + checkpoint(1)), page);
  const failure = await rejecting(stream(gone.url, { ...quick, maxRejoins: 2 }));
  assert.match(failure.message, /text\/html.* something else than the server/);
  assert.deepEqual([failure.status, failure.checkpoint, gone.requests.length], [200, 'after-1', 3]);
});

test('An end that continues is gone on from at once, and is no failure', async (t) => {
  const server = await serve(t,
    whole(schema + row(1) + row(2) + end(2, 'after-2')),
    whole(schema + row(3) + end(1, 'after-3')),
    whole(schema + end(0)));
  const rows = stream(server.url, { backoffMs: 60_000, maxRejoins: 0 });
  assert.deepEqual(await collect(rows), rowsOf(3));
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, 'after-2', 'after-3']);
  assert.equal(rows.progress.rejoins, 2);
});

test('An end that continues without a row does not go on for ever', async (t) => {
  const server = await serve(t, whole(schema + end(0, 'after-0')));
  assert.match((await rejecting(stream(server.url, { ...quick, maxRejoins: 2 }))).message, /no rows/);
  assert.equal(server.requests.length, 3);
});

test('Silence is a cut connection: before the head, in the body, and not while heartbeats come', async (t) => {
  const server = await serve(t, () => {}, open(schema + row(1) + checkpoint(1)), (socket, request) => {
    open(schema)(socket, request);
    const beats = setInterval(() => socket.write(chunk('{"heartbeat":""}\n')), 50);
    setTimeout(() => {
      clearInterval(beats);
      socket.end(chunk(row(2) + end(1)) + '0\r\n\r\n');
    }, 4000);
  });
  const rows = stream(server.url, { ...quick, idleTimeoutMs: 2000 });
  assert.deepEqual(await collect(rows), [rowOf(1), rowOf(2)]);
  assert.equal(rows.progress.rejoins, 2);
  await Promise.all(server.requests.slice(0, 2).map((request) => request.closed));
});

test('What comes while the program stands still is no silence: a stream without checkpoints would be lost by it', async (t) => {
  const server = await serve(t, open(schemaThatSays(false) + row(1)));
  const batches = stream(server.url, { idleTimeoutMs: 1000 }).batches();
  assert.deepEqual((await batches.next()).value, rowsOf(1));
  const next = batches.next();
  // Timers come first when it goes on.
  setImmediate(() => {
    server.requests[0].socket.end(chunk(row(2) + end(2)) + lastChunk);
    standStill(1500);
  });
  assert.deepEqual((await next).value, [rowOf(2)]);
  assert.equal((await batches.next()).done, true);
});

test('Pauses double up to a limit, and are never the same for all', () => {
  assert.deepEqual([1, 2, 3, 20].map((failures) => backoff(failures, 100, 1)), [100, 200, 400, 30_000]);
  assert.deepEqual([1, 2, 3, 20].map((failures) => backoff(failures, 100, 0)), [50, 100, 200, 15_000]);
});

test('What a server asks for is in seconds or by its own clock', () => {
  const asked = (after, date) => new Headers({ ...(after && { 'Retry-After': after }), ...(date && { Date: date }) });
  const at = 'Thu, 01 Jan 2026 00:00:05 GMT';
  const cases = [
    [asked(), 0], [asked('12'), 12_000], [asked('soon'), 0], [asked(at), 5000], [asked(at, 'Thu, 01 Jan 2026 00:00:02 GMT'), 3000],
    [asked(at, 'Thu, 01 Jan 2026 01:00:00 GMT'), 0], [asked(at, 'today'), 5000],
  ];
  for (const [headers, ms] of cases) assert.equal(retryAfter(headers, Date.UTC(2026, 0, 1)), ms, JSON.stringify([...headers]));
  assert.equal(retryAfter(asked(at), Date.UTC(2027, 0, 1)), 0);
});

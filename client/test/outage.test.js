import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collection, stream } from '../src/index.js';
import { checkpoint, collect, row, rowsOf, schema, servingKeyed } from './support/frames.js';
import { gone, liveSchema, rowLine, until, upTo, upsert } from './support/live.js';
import { open, serve, whole } from './support/scripted-server.js';

test('An outage of a minute is waited for, with few attempts, and costs no row', async (t) => {
  const server = await serve(t, whole(schema + row(1) + checkpoint(1)), servingKeyed(5));
  const leaving = new AbortController();
  t.after(() => leaving.abort());
  const rowsBefore = stream(server.url, { signal: leaving.signal });
  const reading = rowsBefore.batches();
  assert.deepEqual((await reading.next()).value, rowsOf(1));

  // The client's own clock, which stands still but for the test; the network is there again after a minute of it.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let ms = 0;
  const attempts = [];
  const isBack = () => attempts.at(-1) >= 60_000;
  const away = (url, init) => {
    attempts.push(ms);
    return isBack() ? fetch(url, init) : Promise.reject(new TypeError('fetch failed'));
  };
  const rest = collect(stream(server.url, { resume: rowsBefore.progress.checkpoint, fetch: away }));
  let all = null;
  rest.then((rows) => (all = rows), (error) => (all = error));
  for (; all === null && ms < 120_000; ms += 50) {
    t.mock.timers.tick(50);
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    // What is on its way over the real network needs real time.
    while (all === null && isBack()) await new Promise((resolve) => setImmediate(resolve));
  }
  t.mock.timers.reset();
  assert.deepEqual(all, rowsOf(5).slice(1));
  assert.ok(attempts.length >= 7 && attempts.length <= 14, `${attempts}`);
  assert.ok(attempts.at(-1) < 60_000 + 30_000, 'the waits grow to 30 s at most');
});

test('A server that is away for seconds finds a collection that was kept, and goes on with it', async (t) => {
  const before = await serve(t, open(liveSchema + rowLine(1) + rowLine(2) + upTo('p1')));
  // The address stays. Where it leads to, nobody listens for a while; a port of one's own could be another program's by then.
  let place = before.url;
  const moved = (url, init) => fetch(String(url).replace(before.url, place), init);
  const rows = collection(before.url, { backoffMs: 50, fetch: moved });
  t.after(() => rows.close());
  await rows.ready;
  place = 'http://127.0.0.1:1/';
  before.close();
  await until(rows, ({ state }) => state === 'waiting');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal(rows.size, 2, 'the rows stay');

  const after = await serve(t, open(liveSchema + gone(1) + upsert(3, 'new') + upTo('p2')));
  place = after.url;
  await until(rows, ({ size }) => rows.get(3) && size === 2);
  assert.deepEqual(after.requests.map(({ resume }) => resume), ['p1']);
});

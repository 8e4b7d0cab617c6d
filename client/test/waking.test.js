import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../src/index.js';
import { checkpoint, collect, row, rowsOf, schema, servingKeyed } from './support/frames.js';
import { chunk, open, problem, serve, standStill, whole } from './support/scripted-server.js';

const down = problem(503, 'unavailable', 'Down.');
// At least 15 s, if nothing wakes it.
const slow = { backoffMs: 30_000 };
const soonMs = 10_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A browser's page, as far as the client looks at it; counts who listens. */
function page(t) {
  let listeners = 0;
  const target = () => {
    const events = new EventTarget();
    return {
      addEventListener: (...given) => (listeners++, events.addEventListener(...given)),
      removeEventListener: (...given) => (listeners--, events.removeEventListener(...given)),
      say: (name) => events.dispatchEvent(new Event(name)),
    };
  };
  const self = target();
  const document = { ...target(), visibilityState: 'visible' };
  Object.assign(globalThis, { document, addEventListener: self.addEventListener, removeEventListener: self.removeEventListener });
  t.after(() => ['document', 'addEventListener', 'removeEventListener'].forEach((name) => delete globalThis[name]));
  return { self, document, listeners: () => listeners };
}

/** A stream, and a promise of its rows; `until` waits for a state. */
function reading(server, options) {
  let seen = () => {};
  const rows = stream(server.url, { ...options, onProgress: ({ state }) => seen(state) });
  const until = (wanted) => new Promise((resolve) => {
    if (rows.progress.state === wanted) resolve();
    seen = (state) => state === wanted && resolve();
  });
  return { rows, until, all: collect(rows) };
}

test('A wait is over at once when the network is back, and when the page is looked at, but not when it is left', async (t) => {
  const { self, document, listeners } = page(t);
  const server = await serve(t, down, whole(schema + row(1) + checkpoint(1)), servingKeyed(3));
  const begun = performance.now();
  const { rows, until, all } = reading(server, slow);
  await until('waiting');
  document.visibilityState = 'hidden';
  document.say('visibilitychange');
  await pause(200);
  assert.equal(rows.progress.state, 'waiting');
  self.say('online');
  await until('streaming');
  await until('waiting');
  document.visibilityState = 'visible';
  document.say('visibilitychange');
  assert.deepEqual(await all, rowsOf(3));
  assert.ok(performance.now() - begun < soonMs);
  assert.equal(server.requests.length, 3);
  assert.equal(listeners(), 0);
});

test('Nothing makes it ask sooner than the server wants', async (t) => {
  const { self } = page(t);
  const server = await serve(t, problem(503, 'busy', '', { 'Retry-After': '1' }), servingKeyed(3));
  const begun = performance.now();
  const { until, all } = reading(server, slow);
  await until('waiting');
  self.say('online');
  assert.deepEqual(await all, rowsOf(3));
  const ms = performance.now() - begun;
  assert.ok(ms >= 1000 && ms < soonMs, `${ms} ms`);
});

test('A connection that was silent while the machine slept is given up when it wakes, unless it lives', async (t) => {
  const { self, listeners } = page(t);
  const sockets = [];
  const silent = (socket, request) => {
    open(schema + row(1) + checkpoint(1))(socket, request);
    sockets.push(socket);
  };
  const alive = (socket, request) => {
    open(schema)(socket, request);
    sockets.push(socket);
  };
  const server = await serve(t, silent, alive, servingKeyed(3));
  const { rows, all } = reading(server, { backoffMs: 1 });
  // The clock alone: timers stand still in a sleep.
  const now = Date.now;
  let slept = 0;
  Date.now = () => now() + slept;
  t.after(() => (Date.now = now));

  while (rows.progress.rows < 1) await pause(10);
  self.say('online');
  await pause(1500);
  assert.equal(rows.progress.rejoins, 0, 'it was not silent for long');
  slept += 61_000;
  self.say('online');
  while (sockets.length < 2) await pause(10);
  assert.equal(rows.progress.rejoins, 1);

  while (rows.progress.state !== 'streaming') await pause(10);
  slept += 61_000;
  self.say('online');
  sockets[1].write(chunk('{"heartbeat":""}\n'));
  await pause(1500);
  assert.equal(rows.progress.rejoins, 1, 'something came');

  // A machine that wakes is busy: what comes meanwhile is seen late.
  slept += 61_000;
  self.say('online');
  setImmediate(() => {
    sockets[1].write(chunk('{"heartbeat":""}\n'));
    standStill(1500);
  });
  await pause(2500);
  assert.equal(rows.progress.rejoins, 1, 'something came');
  sockets[1].end();
  assert.deepEqual(await all, rowsOf(3));
  assert.equal(listeners(), 0);
});

test('Who leaves leaves no listener behind', async (t) => {
  const { listeners } = page(t);
  const leaving = new AbortController();
  const server = await serve(t, down);
  const { until, all } = reading(server, { ...slow, signal: leaving.signal });
  await until('waiting');
  leaving.abort(new Error('Enough.'));
  await assert.rejects(all, /Enough/);
  for (const script of [open(schema + row(1) + checkpoint(1)), problem(404, 'not-found', '')]) {
    const rows = stream((await serve(t, script)).url);
    try {
      for await (const _ of rows) break;
    } catch {
      // The refusal.
    }
  }
  assert.equal(listeners(), 0);
});

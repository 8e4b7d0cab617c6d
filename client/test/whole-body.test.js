import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../src/index.js';
import { checkpoint, collect, collectToFailure, end, keyed, keyless, row, rowsOf, schema, servingKeyed } from './support/frames.js';
import { chunk, cut, lastChunk, open, problem, serve, whole } from './support/scripted-server.js';

/** A fetch whose responses have no body that can be read piece by piece. */
const wholeFetch = async (...given) => {
  const response = await fetch(...given);
  const { ok, status, headers } = response;
  return { ok, status, headers, json: () => response.json(), arrayBuffer: () => response.arrayBuffer() };
};
const quick = { backoffMs: 1, fetch: wholeFetch };

test('Where fetch gives whole bodies alone, they are read, over cuts and ends that continue', async (t) => {
  const server = await serve(t,
    cut(keyed(6), 200),
    whole(schema + row(1) + row(2) + end(2, 'after-2')),
    // It ends, and the stream has not: what a checkpoint covers counts.
    whole(schema + row(3) + checkpoint(3) + row(4)),
    problem(503, 'busy', ''),
    servingKeyed(6));
  const rows = stream(server.url, quick);
  assert.deepEqual(await collect(rows), rowsOf(6));
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, null, 'after-2', 'after-3', 'after-3']);

  const without = await serve(t, whole(keyless(5)));
  assert.deepEqual(await collect(stream(without.url, quick), 'rows'), rowsOf(5));
  const lines = await serve(t, whole('{"a":1}\n{"a":2}', { type: 'application/x-ndjson' }));
  assert.deepEqual(await collect(stream(lines.url, { ...quick, format: 'ndjson' })), [{ a: 1 }, { a: 2 }]);
});

test('A refusal says why, and a signal ends the waiting for a whole body, which has no other limit', async (t) => {
  const refused = await serve(t, problem(403, 'forbidden', 'Not you.'));
  assert.equal((await collectToFailure(stream(refused.url, quick))).failure.message, 'Not you.');

  const server = await serve(t, open(schema + row(1) + checkpoint(1)));
  const leaving = new AbortController();
  // For the answer's head there is a limit, which a busy machine keeps to.
  const collecting = collect(stream(server.url, { ...quick, signal: leaving.signal, idleTimeoutMs: 3000 }));
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 4000));
  leaving.abort(new Error('Enough.'));
  await assert.rejects(collecting, /Enough/);
  await server.requests[0].closed;
  assert.equal(server.requests.length, 1);
});

test('The platform\'s own fetch that is done only with the whole body may take as long as that takes', async (t) => {
  const own = globalThis.fetch;
  const body = Object.getOwnPropertyDescriptor(Response.prototype, 'body');
  t.after(() => {
    globalThis.fetch = own;
    Object.defineProperty(Response.prototype, 'body', body);
  });
  // As React Native's is.
  globalThis.fetch = async (...given) => {
    const response = await own(...given);
    const bytes = await response.arrayBuffer();
    return { ok: response.ok, status: response.status, headers: response.headers, arrayBuffer: async () => bytes };
  };
  delete Response.prototype.body;

  const server = await serve(t, open(schema + row(1)));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const collecting = collect(stream(server.url));
  while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(3_600_000);
  server.requests[0].socket.end(chunk(row(2) + end(2)) + lastChunk);
  assert.deepEqual(await collecting, rowsOf(2));
  assert.equal(server.requests.length, 1);
});

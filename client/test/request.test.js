import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collection, stream } from '../src/index.js';
import { checkpoint, collect, keyed, row, rowsOf, schema, servingKeyed } from './support/frames.js';
import { liveSchema, rowLine, upTo } from './support/live.js';
import { open, serve, whole } from './support/scripted-server.js';

const long = `{${Array.from({ length: 2000 }, (_, id) => id)}}`;
const queries = (server) => server.url.replace('rows', 'queries/of');

test('Parameters that make an address too long come in a body, also with each request that goes on', async (t) => {
  const server = await serve(t, whole(schema + row(1) + checkpoint(1)), servingKeyed(3));
  const url = new URL(`${queries(server)}?team=1&limit=3&code=key`);
  url.searchParams.set('ids', long);
  url.searchParams.set('text', 'ä\u2028"\n'.repeat(50));
  assert.deepEqual(await collect(stream(url, { backoffMs: 1, numbers: 'exact', headers: { 'x-own': 'kept' } })), rowsOf(3));
  for (const { method, headers, url: asked, body } of server.requests) {
    assert.deepEqual([method, headers['content-type'], headers['x-own']], ['POST', 'application/json', 'kept']);
    assert.match(headers.accept, /chunkstream/);
    assert.deepEqual(JSON.parse(body), { ids: long, text: 'ä\u2028"\n'.repeat(50) });
    assert.ok(asked.href.length < 400);
    assert.deepEqual(['team', 'limit', 'code', 'numbers'].map((name) => asked.searchParams.get(name)), ['1', '3', 'key', 'exact']);
  }
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, 'after-1']);
});

test('A live query takes them in the same way', async (t) => {
  const server = await serve(t, open(liveSchema + rowLine(1) + upTo('p1')));
  const rows = collection(`${queries(server)}?ids=${encodeURIComponent(long)}`);
  await rows.ready;
  assert.deepEqual([server.requests[0].url.search, JSON.parse(server.requests[0].body)], ['?live=sse', { ids: long }]);
  rows.close();
});

test('What is short, twice there, no query, or of any server, is asked for by GET', async (t) => {
  const server = await serve(t, whole(keyed(1)));
  const cases = [
    `${queries(server)}?team=1`, `${queries(server)}?ids=${'a'.repeat(3000)}&ids=${'b'.repeat(3000)}`, `${server.url}?ids=${'a'.repeat(5000)}`,
    `${queries(server)}?${Array.from({ length: 500 }, (_, n) => `p${n}=${n}`).join('&')}`, `${queries(server)}?resume=${'a'.repeat(5000)}`,
  ];
  for (const url of cases) await collect(stream(url));
  // Of a server that is another one nothing is known but that it gives lines of JSON.
  cases.push(`${queries(server)}?ids=${encodeURIComponent(long)}`);
  await collect(stream(cases.at(-1), { format: 'ndjson' }));
  assert.ok(server.requests.every(({ method, body }) => method === 'GET' && body === ''));
  assert.deepEqual(server.requests.map(({ url }) => url.search.length), cases.map((url) => new URL(url).search.length));
});

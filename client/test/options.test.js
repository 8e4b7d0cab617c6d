import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as client from '../src/index.js';
import { collect, rowsOf, servingKeyed } from './support/frames.js';
import { framesType, serve } from './support/scripted-server.js';

const { stream } = client;
const folder = new URL('..', import.meta.url);

test('The request asks for frames, and has the headers and parameters that it was given', async (t) => {
  const server = await serve(t, servingKeyed(1));
  await collect(stream(`${server.url}?format=csv&least=a%20b`, { numbers: 'exact', headers: { 'x-functions-key': 'k' } }));
  const [{ url, headers }] = server.requests;
  assert.deepEqual(Object.fromEntries(url.searchParams), { least: 'a b', numbers: 'exact' });
  assert.equal(headers.accept, framesType);
  assert.equal(headers['x-functions-key'], 'k');
});

test('What is wrong with the call is said at the call', () => {
  assert.throws(() => stream('/api/stream'), TypeError, 'there is no page whose address it could be relative to');
  for (const wrong of [{ format: 'csv' }, { numbers: 'big' }, { maxRejoins: -1 }, { backoffMs: '1' }, { idleTimeoutMs: NaN }, { headers: { 'not a name': '' } }]) {
    assert.throws(() => stream('http://localhost/', wrong), TypeError, JSON.stringify(wrong));
  }
});

test('In a page an address may be relative', async (t) => {
  const server = await serve(t, servingKeyed(1));
  globalThis.document = { baseURI: server.url };
  t.after(() => delete globalThis.document);
  assert.deepEqual(await collect(stream('rows?a=1')), rowsOf(1));
  assert.equal(server.requests[0].url.pathname, '/api/rows');
});

test('A fetch of the caller is called as a function', async (t) => {
  const server = await serve(t, servingKeyed(2));
  let self = 'not called';
  const rows = stream(server.url, {
    fetch: function (...given) {
      self = this;
      return fetch(...given);
    },
  });
  assert.deepEqual(await collect(rows), rowsOf(2));
  assert.equal(self, undefined);
});

test('The package holds what is needed and nothing else', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' }));
  const names = files.map(({ path }) => path);
  assert.deepEqual(names.filter((name) => !name.startsWith('src/')).sort(), ['LICENSE', 'README.md', 'bin/chunkstream-client.js', 'index.d.ts', 'package.json', 'react.d.ts', 'tanstack-db.d.ts']);
  assert.ok(names.every((name) => /^src\/([a-z-]+\/)?[a-z-]+\.js$/.test(name) || !name.startsWith('src/')));
  const { name, version, license, type, types, exports, engines, dependencies } = JSON.parse(readFileSync(new URL('package.json', folder)));
  assert.deepEqual({ name, version, license, type, dependencies }, { name: 'chunkstream-client', version: '0.1.0', license: 'MIT', type: 'module', dependencies: undefined });
  assert.deepEqual([types, exports['.'].types, exports['.'].default, engines.node], ['./index.d.ts', './index.d.ts', './src/index.js', '>=20']);
});

test('It exports what it declares', () => {
  const declared = [...readFileSync(new URL('index.d.ts', folder), 'utf8').matchAll(/^export (?:function|class) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(Object.keys(client).sort(), declared.sort());
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { live } from '../../src/index.js';
import { gone, liveSchema, over, refetch, rowLine, schemaOf, token, upTo, upsert } from '../support/live.js';
import { chunk, head, lastChunk, open, serve } from '../support/scripted-server.js';

const quick = { backoffMs: 1 };

/** Takes changes until a position is reached; gives them in short. */
async function take(changes, position) {
  const taken = [];
  for (;;) {
    const { value, done } = await changes.next();
    assert.equal(done, false);
    assert.ok(taken.length < 20, `It never came to ${position}: ${taken}`);
    taken.push(value.type === 'up-to-date' ? `= ${value.position}` : `${value.type} ${value.key ?? value.reason}`);
    if (value.type === 'up-to-date' && value.position === position) return taken;
  }
}

test('Rows come first, then each change, and at each position it says so', async (t) => {
  let goOn;
  const server = await serve(t, (socket) => {
    socket.write(head() + chunk(liveSchema + rowLine(1) + rowLine(2) + token('r2') + upTo('p1')));
    goOn = () => socket.write(chunk(upsert(3, 'new') + gone(1) + upTo('p2')));
  });
  const changes = live(`${server.url}?team=1`, quick)[Symbol.asyncIterator]();
  assert.deepEqual(await take(changes, 'p1'), ['upsert 1', 'upsert 2', '= p1']);
  goOn();
  assert.deepEqual((await changes.next()).value, { type: 'upsert', key: '3', row: { id: 3, title: 'new' } });
  assert.deepEqual((await changes.next()).value, { type: 'delete', key: '1', row: { id: 1 } });
  assert.deepEqual((await changes.next()).value, { type: 'up-to-date', position: 'p2' });
  assert.equal(server.requests[0].url.search, '?team=1&live=sse');
  await changes.return();
  await server.requests[0].closed;
});

test('A stream that is cut after any byte gives each change once, and goes on from its position', async (t) => {
  const steps = [
    [null, liveSchema + rowLine(1) + rowLine(2)], ['r2', token('r2') + rowLine(3)], ['p1', upTo('p1')], ['p1', upsert(4, 'new') + gone(1)],
    ['p2', upTo('p2')], ['p2', `{"heartbeat":"now"}\n${upsert(2, 'other')}`], ['p2', token('p2')], ['p3', upsert(3, 'other') + upTo('p3')],
  ];
  const body = steps.map(([, text]) => text).join('');
  const rest = {
    null: body,
    r2: liveSchema + body.slice(body.indexOf(rowLine(3))),
    p1: liveSchema + body.slice(body.indexOf(upsert(4, 'new'))),
    p2: liveSchema + body.slice(body.indexOf(upsert(2, 'other'))),
    p3: liveSchema + upTo('p3'),
  };
  const all = ['upsert 1', 'upsert 2', 'upsert 3', '= p1', 'upsert 4', 'delete 1', '= p2', 'upsert 2', 'upsert 3', '= p3'];
  const length = Buffer.byteLength(head() + chunk(body));
  await Promise.all(Array.from({ length: 8 }, async (_, first) => {
    for (let bytes = first; bytes < length; bytes += 8) await cutAfter(bytes);
  }));

  async function cutAfter(bytes) {
    const server = await serve(
      t,
      (socket) => socket.end(Buffer.from(head() + chunk(body)).subarray(0, bytes)),
      (socket, { resume }) => open(rest[resume])(socket));
    const changes = live(server.url, quick)[Symbol.asyncIterator]();
    assert.deepEqual(await take(changes, 'p3'), all, `cut after ${bytes} bytes`);
    await changes.return();
  }
});

test('An end with a token, as a deadline gives it, goes on with it, also in the midst of a step', async (t) => {
  const server = await serve(
    t,
    (socket) => socket.end(head() + chunk(liveSchema + rowLine(1) + upTo('p1') + upsert(2, 'half') + over(3, 'p1')) + lastChunk),
    open(liveSchema + upsert(2, 'whole') + upTo('p2')));
  const changes = live(server.url, quick)[Symbol.asyncIterator]();
  assert.deepEqual(await take(changes, 'p2'), ['upsert 1', '= p1', 'upsert 2', '= p2']);
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, 'p1']);
  await changes.return();
});

test('What is not known any more is told once it is sure that the rows follow, and never lost', async (t) => {
  const server = await serve(
    t,
    (socket) => socket.end(head() + chunk(liveSchema + rowLine(1) + upTo('p1') + upsert(5, 'half') + refetch())),
    open(liveSchema + refetch('again') + rowLine(2) + token('r2') + rowLine(3) + upTo('p2')));
  const changes = live(server.url, quick)[Symbol.asyncIterator]();
  assert.deepEqual(await take(changes, 'p2'), ['upsert 1', '= p1', 'must-refetch again', 'upsert 2', 'upsert 3', '= p2']);
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, 'p1']);
  await changes.return();
});

const keyCases = [
  ['int4', '7', '7'], ['int8', '7', '7'], ['int8', '"7"', '7'],
  ['int8', '9007199254740993', '9007199254740993'], ['int8', '-9007199254740993', '-9007199254740993'],
  ['int8', '"9007199254740993"', '9007199254740993'],
  ['numeric', '1.50', '1.5'], ['numeric', '1.5', '1.5'], ['numeric', '"1.50"', '1.5'], ['numeric', '100', '100'], ['numeric', '0.00', '0'],
  ['numeric', '0.99999999999999999999', '0.99999999999999999999'], ['numeric', '"NaN"', 'NaN'],
  ['float8', '1e300', '1e+300'], ['float8', '-0', '0'], ['float8', '"Infinity"', 'Infinity'],
  ['text', '"7"', '7'], ['text', '"1.50"', '1.50'], ['text', '"a\\"},{\\\\"', 'a"},{\\'], ['bool', 'true', 'true'], ['bpchar', '"a   "', 'a'],
  ['jsonb', '{"a": [1, "]}", 9007199254740993]}', '{"a": [1, "]}", 9007199254740993]}'], ['_int8', '[9007199254740993,2]', '[9007199254740993,2]'],
];

test('Keys are compared without loss, wherever they stand in a row', async (t) => {
  const line = (kind, members) => `{"${kind}":{${members}}}\n`;
  for (const [type, json, key] of keyCases) {
    const before = '"text":"\\\\\\"},\\"k\\":5,{","json":{"k":[{"k":9}]}';
    const body = schemaOf('text text', 'json json', `k ${type} key`, 'after int8')
      + line('row', `${before},"k":${json},"after":9007199254740995`) + line('delete', `"k":${json}`) + upTo('p1');
    const server = await serve(t, open(body));
    const changes = live(server.url)[Symbol.asyncIterator]();
    assert.equal((await changes.next()).value.key, key, `${type} ${json}`);
    assert.equal((await changes.next()).value.key, key, `delete of ${type} ${json}`);
    await changes.return();
  }
});

test('A key of several columns is a text that no other key has', async (t) => {
  const keys = [['a', 'b,c'], ['a,b', 'c'], ['a","b', 'c'], ['', 'abc']];
  const rows = keys.map(([a, b]) => `${JSON.stringify({ row: { b, n: 1, a } })}\n`).join('');
  const server = await serve(t, open(schemaOf('a text key', 'b text key', 'n int4') + rows + upTo('p')));
  const seen = [];
  for await (const { type, key } of live(server.url)) {
    if (type === 'up-to-date') break;
    seen.push(key);
  }
  assert.deepEqual(seen.map((key) => JSON.parse(key)), keys);
});

test('Options are checked at the call, and a server that does not name the key is one that can not be followed', async (t) => {
  assert.throws(() => live('http://localhost/', { format: 'ndjson' }), /no option format/);
  assert.throws(() => live('http://localhost/', { maxRejoins: -1 }), /maxRejoins/);
  const server = await serve(t, open(liveSchema.replace(',"key":["id"]', '') + rowLine(1) + upTo('p1')));
  await assert.rejects(live(server.url, quick)[Symbol.asyncIterator]().next(), /does not say which columns are the key/);
});

test('Where bodies come as a whole it polls, and so it does if the address says so', async (t) => {
  const answers = { null: rowLine(1) + upTo('p1') + over(2, 'p1'), p1: upsert(2, 'new') + upTo('p2') + over(2, 'p2'), p2: upTo('p2') + over(1, 'p2') };
  const polling = (socket, { resume }) => socket.end(head() + chunk(liveSchema + answers[resume]) + lastChunk);
  const server = await serve(t, polling);
  const { prototype } = Response;
  const body = Object.getOwnPropertyDescriptor(prototype, 'body');
  for (const [address, isWhole] of [[server.url, true], [`${server.url}?live=long-poll`, false]]) {
    if (isWhole) delete prototype.body;
    const changes = live(address, quick)[Symbol.asyncIterator]();
    assert.deepEqual(await take(changes, 'p2'), ['upsert 1', '= p1', 'upsert 2', '= p2']);
    assert.equal(server.requests.at(-1).url.searchParams.get('live'), 'long-poll');
    await changes.return();
    Object.defineProperty(prototype, 'body', body);
  }
});

test('A fetch of the caller that gives whole bodies is told to poll, and waits for no end that never comes', async (t) => {
  const server = await serve(t, open(liveSchema + rowLine(1) + upTo('p1')));
  const whole = async (...given) => Object.defineProperty(await fetch(...given), 'body', { value: null });
  await assert.rejects(live(server.url, { ...quick, fetch: whole })[Symbol.asyncIterator]().next(), /add live=long-poll to the address/);
  await server.requests[0].closed;
});

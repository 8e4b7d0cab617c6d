import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collection, live } from '../src/index.js';
import { Follower } from '../src/sharing/follower.js';
import { groupOf, identityOf } from '../src/sharing/group.js';
import { Parts, partsOf } from '../src/sharing/messages.js';
import { liveSchema, rowLine, upTo } from './support/live.js';
import { open, serve } from './support/scripted-server.js';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (claims) => `${part({ alg: 'RS256' })}.${part({ iss: 'https://issuer', sub: 'änna?>', roles: ['reader'], exp: 1, ...claims })}.signature`;
const asked = { url: new URL('https://localhost/api?team=1'), headers: new Headers({ Accept: 'frames' }) };

test('A new token of the same user is of the same group, and any other is of another', async () => {
  const own = await groupOf(asked, tokenOf({}));
  assert.equal(await groupOf(asked, tokenOf({ exp: 2, iat: 3, jti: 'x', uti: 'y' })), own);
  const others = [
    groupOf(asked, tokenOf({ sub: 'bert' })), groupOf(asked, tokenOf({ iss: 'https://other' })), groupOf(asked, tokenOf({ tenant: 2 })),
    groupOf(asked, tokenOf({ roles: [] })), groupOf(asked, null), groupOf(asked, 'opaque'), groupOf(asked, 'opaque2'), groupOf(asked, 'a.b.c'),
    groupOf({ ...asked, url: new URL('https://localhost/api?team=2') }, tokenOf({})),
    groupOf({ ...asked, headers: new Headers({ Accept: 'frames', 'x-functions-key': 'k' }) }, tokenOf({})),
  ];
  const names = await Promise.all([own, ...others]);
  assert.equal(new Set(names).size, names.length);
  // Other scripts of the origin see it.
  for (const name of names) assert.match(name, /^chunkstream-1-[0-9a-f]{64}$/);
});

test('A token that says no user is its own identity', () => {
  for (const token of ['opaque', 'a.b.c', `${part({})}.${part({ iss: 'i' })}.s`, `${part({})}.${part(null)}.s`]) assert.equal(identityOf(token), token);
});

test('A step of any size is put together again from its parts', () => {
  for (const size of [0, 1, 5000, 5001, 12_345]) {
    const step = { isAnew: size % 2 === 0, changes: Array.from({ length: size }, (_, key) => ({ key })), position: 'p' };
    const parts = new Parts();
    const whole = [...partsOf(step)].map((each) => parts.add(each));
    assert.deepEqual(whole.pop(), step);
    assert.ok(whole.every((each) => each === null));
  }
});

test('A tab that hears of another leader than the one whose rows it has asks that one for all rows', async (t) => {
  const name = `test-${crypto.randomUUID()}`;
  const [own, leaders] = [new BroadcastChannel(name), new BroadcastChannel(name)];
  const applied = [];
  const sink = { position: null, to() {}, describe() {}, apply: ({ position }) => applied.push((sink.position = position)) };
  const asked = [];
  let next;
  leaders.onmessage = ({ data }) => {
    asked.push(data);
    next?.();
  };
  const hello = async () => {
    if (asked.length === 0) await new Promise((resolve) => (next = resolve));
    return asked.shift();
  };
  const follower = new Follower(own, sink, () => {});
  own.onmessage = ({ data }) => follower.hear(data);
  t.after(() => [follower, own, leaders].forEach((each) => each.close()));

  const give = (from, leader, position) => {
    const rows = new BroadcastChannel(`${name}/${from}`);
    for (const part of partsOf({ isAnew: true, changes: [], position })) rows.postMessage({ leader, seq: 1, state: 'streaming', schema: null, part });
    rows.close();
  };
  const { from, wants } = await hello();
  assert.equal(wants, true);
  give(from, 'before', 'p1');
  while (applied.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));

  // As when a tab that stood still gives out its rows once more, after another one took its place.
  leaders.postMessage({ type: 'here', leader: 'now', state: 'streaming' });
  assert.equal((await hello()).wants, true);
  give(from, 'now', 'p2');
  while (applied.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  leaders.postMessage({ type: 'state', leader: 'now', state: 'streaming' });
  leaders.postMessage({ type: 'step', leader: 'now', seq: 2, state: 'streaming', schema: null, part: { isAnew: false, isLast: true, changes: [], position: 'p3' } });
  while (applied.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([applied, asked], [['p1', 'p2', 'p3'], []]);
});

test('Where tabs can not find each other each has its own connection', async (t) => {
  // Newer versions of Node have locks, as browsers over https do.
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.after(() => (own ? Object.defineProperty(globalThis, 'navigator', own) : delete globalThis.navigator));
  const server = await serve(t, open(liveSchema + rowLine(1) + upTo('p1')));
  const both = [collection(server.url, { share: true }), collection(server.url, { share: true })];
  await Promise.all(both.map(({ ready }) => ready));
  assert.equal(server.requests.length, 2);
  both.forEach((each) => each.close());
  assert.throws(() => live(server.url, { share: true }), /option of collection/);
});

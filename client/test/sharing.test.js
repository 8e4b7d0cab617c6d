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
  assert.equal(await groupOf(asked, tokenOf({ exp: 2, iat: 3, jti: 'x', uti: 'y', xms_ftd: 'z', ipaddr: '10.0.0.1' })), own);
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

/**
 * A tab that follows, and what its leaders would do: they hear what it asks, give it rows, and tell steps. It looks whether the leader
 * is there when the test says so.
 */
function following(t, stalled = () => {}) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const name = `test-${crypto.randomUUID()}`;
  const [own, leaders] = [new BroadcastChannel(name), new BroadcastChannel(name)];
  const applied = [];
  let heard = 0;
  const sink = { position: null, to: () => heard++, describe() {}, apply: ({ position, changes }) => applied.push((sink.position = position) + (changes.length || '')) };
  const asked = [];
  let next;
  leaders.onmessage = ({ data }) => {
    asked.push(data);
    next?.();
  };
  const follower = new Follower(own, sink, stalled);
  own.onmessage = ({ data }) => follower.hear(data);
  t.after(() => [follower, own, leaders].forEach((each) => each.close()));
  return {
    applied,
    asked,
    async hello() {
      if (asked.length === 0) await new Promise((resolve) => (next = resolve));
      return asked.shift();
    },
    /** The parts of all rows, in the order in which they are given. */
    give(from, ...parts) {
      const rows = new BroadcastChannel(`${name}/${from}`);
      for (const each of parts) rows.postMessage({ seq: 1, state: 'streaming', schema: null, ...each });
      rows.close();
    },
    say: (message) => leaders.postMessage({ state: 'streaming', ...message }),
    step: (leader, seq) => leaders.postMessage({
      type: 'step', leader, seq, state: 'streaming', schema: null, part: { isAnew: false, isLast: true, changes: [], position: `p${seq}` },
    }),
    async until(count) {
      while (applied.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async hears(act, count) {
      const before = heard;
      act();
      while (heard < before + count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

const rowsAt = (leader, position, count = 0) => [...partsOf({ isAnew: true, changes: Array(count).fill({}), position })].map((each) => ({ leader, part: each }));

test('A tab that hears of another leader than the one whose rows it has asks that one for all rows', async (t) => {
  const tab = following(t);
  const { from, wants } = await tab.hello();
  assert.equal(wants, true);
  tab.give(from, ...rowsAt('before', 'p1'));
  await tab.until(1);

  // As when a tab that stood still gives out its rows once more, after another one took its place.
  tab.say({ type: 'here', leader: 'now' });
  assert.equal((await tab.hello()).wants, true);
  tab.give(from, ...rowsAt('now', 'p2'));
  await tab.until(2);
  tab.say({ type: 'state', leader: 'now' });
  tab.step('now', 2);
  await tab.until(3);
  assert.deepEqual([tab.applied, tab.asked], [['p1', 'p2', 'p2'], []]);
});

test('Rows that two tabs give at once are not mixed', async (t) => {
  const tab = following(t);
  const { from } = await tab.hello();
  const [before, now] = [rowsAt('before', 'p1', 12_000), rowsAt('now', 'p2', 12_000)];
  tab.give(from, before[0], now[0], before[1], now[1], now[2], before[2]);
  await tab.until(1);
  assert.deepEqual(tab.applied, ['p212000']);
});

test('A step that is missing is noticed, however late the rows come that it is missing in', async (t) => {
  const tab = following(t);
  const { from } = await tab.hello();
  tab.give(from, ...rowsAt('a', 'p1'));
  await tab.until(1);
  tab.step('a', 3);
  assert.equal((await tab.hello()).wants, true);
  // An answer that was on its way: the step that showed the gap follows it.
  tab.give(from, ...rowsAt('a', 'p2').map((each) => ({ ...each, seq: 2 })));
  await tab.until(3);
  assert.deepEqual(tab.applied, ['p1', 'p2', 'p3']);

  // More steps than are kept come before the rows do.
  tab.step('a', 5);
  assert.equal((await tab.hello()).wants, true);
  const count = 1001;
  await tab.hears(() => { for (let seq = 6; seq < 6 + count; seq++) tab.step('a', seq); }, count);
  tab.asked.length = 0;
  tab.give(from, ...rowsAt('a', 'p6').map((each) => ({ ...each, seq: 6 })));
  await tab.until(4);
  assert.equal((await tab.hello()).wants, true);
});

test('Of a step whose first part was not kept nothing is applied', async (t) => {
  const tab = following(t);
  const { from } = await tab.hello();
  const count = 999;
  const parts = [...partsOf({ isAnew: false, changes: Array(6000).fill({}), position: 'p1001' })];
  await tab.hears(() => {
    for (let seq = 2; seq < 2 + count; seq++) tab.step('a', seq);
    for (const part of parts) tab.say({ type: 'step', leader: 'a', seq: 1001, schema: null, part });
  }, count + parts.length);
  tab.asked.length = 0;
  tab.give(from, ...rowsAt('a', 'p1000').map((each) => ({ ...each, seq: 1000 })));
  await tab.until(1);
  await tab.hears(() => tab.step('a', 1002), 1);
  assert.deepEqual(tab.applied, ['p1000']);
  assert.equal((await tab.hello()).wants, true);
});

test('A leader that does not answer has gone or stands still, but not for a tab that stood still itself', async (t) => {
  globalThis.document = { visibilityState: 'visible', addEventListener() {}, removeEventListener() {} };
  const now = Date.now;
  let stood = 0;
  Date.now = () => now() + stood;
  t.after(() => {
    delete globalThis.document;
    Date.now = now;
  });
  let stalls = 0;
  const tab = following(t, () => stalls++);
  const { from } = await tab.hello();

  // The answer may be there, and is not seen yet.
  stood += 60_000;
  t.mock.timers.tick(1000);
  assert.equal(stalls, 0);
  tab.give(from, ...rowsAt('a', 'p1'));
  await tab.until(1);
  for (let seconds = 0; seconds < 20; seconds++) {
    stood += 1000;
    t.mock.timers.tick(1000);
    if (seconds < 8) assert.equal(stalls, 0);
  }
  assert.ok(stalls > 0);
});

test('Where tabs can not find each other each has its own connection', async (t) => {
  // Newer versions of Node have locks, as browsers over https do; but a page in a sandbox may not use them.
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  t.after(() => (own ? Object.defineProperty(globalThis, 'navigator', own) : delete globalThis.navigator));
  const denied = async () => { throw new DOMException('Denied.', 'SecurityError'); };
  for (const navigator of [{}, { locks: { query: denied, request: denied } }]) {
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
    const server = await serve(t, open(liveSchema + rowLine(1) + upTo('p1')));
    const both = [collection(server.url, { share: true }), collection(server.url, { share: true })];
    await Promise.all(both.map(({ ready }) => ready));
    assert.equal(server.requests.length, 2);
    both.forEach((each) => each.close());
  }
  assert.throws(() => live('http://localhost/', { share: true }), /option of collection/);
});

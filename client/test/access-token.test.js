import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError, stream } from '../src/index.js';
import { checkpoint, collect, collectToFailure, end, error, row, rowsOf, schema, schemaThatSays, servingKeyed } from './support/frames.js';
import { chunk, head, open, problem, serve, whole } from './support/scripted-server.js';

const quick = { backoffMs: 1 };
const refused = problem(401, 'invalid-access-token', 'The access token has expired.');
const tokensOf = ({ requests }) => requests.map(({ headers }) => headers.authorization);

/** Gives t1, t2 and so on, and remembers how it was asked. */
function tokens() {
  const asked = [];
  const getToken = async ({ refresh }) => {
    asked.push(refresh);
    return `t${asked.length}`;
  };
  return { asked, getToken };
}

test('Each request of a stream has a token of its own', async (t) => {
  const server = await serve(t,
    whole(schema + row(1) + end(1, 'after-1')),
    whole(schema + row(2) + checkpoint(2)),
    problem(503, 'busy', ''),
    servingKeyed(5));
  const { asked, getToken } = tokens();
  assert.deepEqual(await collect(stream(server.url, { ...quick, getToken, headers: { 'x-other': 'kept' } })), rowsOf(5));
  assert.deepEqual(tokensOf(server), ['Bearer t1', 'Bearer t2', 'Bearer t3', 'Bearer t4']);
  assert.deepEqual(asked, [false, false, false, false]);
  assert.ok(server.requests.every(({ headers, url }) => headers['x-other'] === 'kept' && !/t\d/.test(url.search)));
});

test('A token that is refused is asked for once more, and is no failed attempt', async (t) => {
  const server = await serve(t, refused, whole(schema + row(1) + checkpoint(1)), refused, servingKeyed(3));
  const { asked, getToken } = tokens();
  assert.deepEqual(await collect(stream(server.url, { ...quick, maxRejoins: 1, getToken })), rowsOf(3));
  assert.deepEqual(asked, [false, true, false, true]);
  assert.deepEqual(server.requests.map(({ resume }) => resume), [null, null, 'after-1', 'after-1']);
});

test('A second token that is refused ends the stream with what the server says', async (t) => {
  const server = await serve(t, whole(schema + row(1) + checkpoint(1)), refused);
  const { asked, getToken } = tokens();
  const { rows, failure } = await collectToFailure(stream(server.url, { ...quick, getToken }));
  assert.deepEqual(rows, rowsOf(1));
  assert.ok(failure instanceof StreamError);
  assert.deepEqual([failure.message, failure.status, failure.checkpoint], ['The access token has expired.', 401, 'after-1']);
  assert.deepEqual(asked, [false, false, true]);
});

test('A refused function key is not a matter of the token', async (t) => {
  const server = await serve(t, problem(401, 'unauthorized', 'The key is missing.'));
  const { asked, getToken } = tokens();
  assert.equal((await collectToFailure(stream(server.url, { getToken }))).failure.message, 'The key is missing.');
  assert.deepEqual(asked, [false]);
});

test('A stream whose token was taken in the meantime asks again for each one that is refused later', async (t) => {
  const silent = (socket) => {
    open(schemaThatSays(true))(socket);
    setTimeout(() => socket.end(), 20);
  };
  const server = await serve(t, silent, refused, silent, refused, silent, refused, servingKeyed(3));
  const { asked, getToken } = tokens();
  assert.deepEqual(await collect(stream(server.url, { ...quick, getToken })), rowsOf(3));
  assert.deepEqual(asked, [false, false, true, false, true, false, true]);
});

test('A stream without checkpoints that ends with its token says that it can\'t go on', async (t) => {
  let expire;
  const server = await serve(t, (socket) => {
    socket.write(head() + chunk(schemaThatSays(false) + row(1)));
    expire = () => socket.end(chunk(error(401, 'access-expired')));
  });
  const { asked, getToken } = tokens();
  const batches = stream(server.url, { ...quick, getToken }).batches();
  assert.deepEqual((await batches.next()).value, rowsOf(1));
  expire();
  await assert.rejects(batches.next(), { name: 'StreamError', status: 401, checkpoint: null, message: /^It is access-expired\. The stream has no checkpoints, so it can't go on/ });
  assert.deepEqual(asked, [false]);
});

test('A stream that ends with its token before any row begins anew once, and never for ever', async (t) => {
  const expired = whole(schemaThatSays(false) + error(401, 'access-expired'));
  const mended = await serve(t, expired, whole(schemaThatSays(false) + row(1) + end(1)));
  const { asked, getToken } = tokens();
  assert.deepEqual(await collect(stream(mended.url, { ...quick, getToken })), rowsOf(1));
  assert.deepEqual(asked, [false, true]);

  const slow = await serve(t, expired);
  const { failure } = await collectToFailure(stream(slow.url, { ...quick, getToken: tokens().getToken }));
  assert.equal(failure.problem.type, 'urn:chunkstream:access-expired');
  assert.equal(slow.requests.length, 2);
});

test('Without getToken a refusal is final', async (t) => {
  const server = await serve(t, refused);
  assert.equal((await collectToFailure(stream(server.url, quick))).failure.status, 401);
  assert.equal(server.requests.length, 1);
});

for (const [how, getToken] of [
  ['throws', () => { throw new Error('Signed out.'); }],
  ['rejects', () => Promise.reject(new Error('Signed out.'))],
]) {
  test(`A getToken that ${how} ends the stream where it is`, async (t) => {
    const server = await serve(t, whole(schema + row(1) + checkpoint(1)), servingKeyed(3));
    let times = 0;
    const rows = stream(server.url, { ...quick, getToken: () => (times++ === 0 ? 'first' : getToken()) });
    const { rows: given, failure } = await collectToFailure(rows);
    assert.deepEqual(given, rowsOf(1));
    assert.ok(failure instanceof StreamError);
    assert.match(failure.message, /getToken failed/);
    assert.equal(failure.cause.message, 'Signed out.');
    assert.deepEqual([failure.status, failure.checkpoint, rows.progress.state], [null, 'after-1', 'failed']);
    assert.equal(server.requests.length, 1);
  });
}

test('A getToken that never answers is waited for until the signal, which it gets, too', async (t) => {
  const server = await serve(t, servingKeyed(1));
  const leaving = new AbortController();
  const reason = new Error('Enough.');
  let told;
  const hanging = new Promise((resolve) => {
    told = (asked) => {
      resolve(asked.signal);
      return new Promise(() => {});
    };
  });
  // Longer than a silence that counts as a cut: a person may be typing a password.
  const collecting = collect(stream(server.url, { getToken: told, signal: leaving.signal, idleTimeoutMs: 1 }));
  const signal = await hanging;
  const early = await Promise.race([collecting, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))]);
  assert.equal(early, 'waits');
  assert.equal(signal.aborted, false);
  leaving.abort(reason);
  await assert.rejects(collecting, reason);
  assert.equal(signal.reason, reason);
  assert.equal(server.requests.length, 0);
});

test('What is no token is never sent, nor quoted', async (t) => {
  const server = await serve(t, servingKeyed(1));
  const secret = 'eyJhbGciOi';
  const nonsense = [
    undefined, null, 7, { token: secret }, '', ' ', `Bearer ${secret}`, `${secret}\n`, `${secret}\r\nx-injected: 1`, `${secret}é`, `"${secret}"`, `${secret} `,
  ];
  for (const given of nonsense) {
    const { failure } = await collectToFailure(stream(server.url, { getToken: () => given }));
    assert.ok(failure instanceof StreamError, String(given));
    assert.match(failure.message, /^getToken must give/);
    assert.doesNotMatch(`${failure.stack}${failure.cause}`, new RegExp(secret));
  }
  assert.equal(server.requests.length, 0);
});

test('What is wrong with the options is said at the call', () => {
  assert.throws(() => stream('http://localhost/', { getToken: 'token' }), /getToken must be a function/);
  assert.throws(() => stream('http://localhost/', { getToken: () => 'a', headers: { authorization: 'Bearer b' } }), /exclude each other/);
});

test('A redirect to another origin does not take the token along, and one within the origin does', async (t) => {
  const target = await serve(t, servingKeyed(2));
  const to = (location) => (socket) => socket.end(head({ status: 307, headers: { Location: location } }) + '0\r\n\r\n');
  const away = await serve(t, to(target.url));
  assert.deepEqual(await collect(stream(away.url, { getToken: () => 'secret' })), rowsOf(2));
  assert.deepEqual([tokensOf(away), tokensOf(target)], [['Bearer secret'], [undefined]]);

  const within = await serve(t, to('/elsewhere'), servingKeyed(2));
  assert.deepEqual(await collect(stream(within.url, { getToken: () => 'secret' })), rowsOf(2));
  assert.deepEqual(tokensOf(within), ['Bearer secret', 'Bearer secret']);
});

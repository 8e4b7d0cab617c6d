import net from 'node:net';

export const framesType = 'application/vnd.chunkstream+ndjson';

/**
 * A server on a real socket whose every byte a test decides. The n-th request is answered by the n-th script, and all
 * beyond by the last; a script gets the socket and the request.
 */
export async function serve(t, ...scripts) {
  const requests = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async (first) => {
      const request = parse(first.toString('latin1'), socket);
      request.body = await bodyOf(socket, first, Number(request.headers['content-length'] ?? 0));
      requests.push(request);
      scripts[Math.min(requests.length, scripts.length) - 1](socket, request);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(close);
  return { url: `http://127.0.0.1:${server.address().port}/api/rows`, requests, close };

  // As the end of its process would.
  function close() {
    server.close();
    for (const { socket } of requests) socket.destroy();
  }
}

/** The body of a request, whose first bytes came with its head. */
async function bodyOf(socket, first, length) {
  if (length === 0) return '';
  const start = first.indexOf('\r\n\r\n') + 4;
  const pieces = [first.subarray(start)];
  for (let size = first.length - start; size < length; size += pieces.at(-1).length) {
    pieces.push(await new Promise((resolve) => socket.once('data', resolve)));
  }
  return Buffer.concat(pieces).toString();
}

function parse(text, socket) {
  const head = text.split('\r\n\r\n')[0];
  const [first, ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(lines.filter((line) => line).map((line) => [line.split(':')[0].toLowerCase(), line.slice(line.indexOf(':') + 2)]));
  const url = new URL(first.split(' ')[1], 'http://localhost');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  return { method: first.split(' ')[0], url, headers, socket, closed, resume: url.searchParams.get('resume') };
}

/** The head of a chunked response. */
export function head({ status = 200, type = framesType, headers = {} } = {}) {
  const lines = Object.entries({ 'Content-Type': type, 'Transfer-Encoding': 'chunked', Connection: 'close', ...headers });
  return `HTTP/1.1 ${status} Status\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A chunk of a chunked body. */
export function chunk(text) {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

export const lastChunk = '0\r\n\r\n';

/** A script: a whole response. */
export function whole(body, options) {
  return (socket) => socket.end(head(options) + chunk(body) + lastChunk);
}

/** A script: the first bytes of a whole response, then the connection's end. */
export function cut(body, bytes, options) {
  return (socket) => socket.end(Buffer.from(head(options) + chunk(body) + lastChunk).subarray(0, bytes));
}

/** A script: some text of a body that goes on. */
export function open(body, options) {
  return (socket) => socket.write(head(options) + (body === '' ? '' : chunk(body)));
}

/** A script: a problem in place of a stream. */
export function problem(status, type, detail, headers) {
  const text = JSON.stringify({ type: `urn:chunkstream:${type}`, title: type, status, detail });
  return whole(text, { status, type: 'application/problem+json', headers });
}

/** Stands still, as a program does that gets no processor. */
export const standStill = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

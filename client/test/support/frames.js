import { head, chunk, lastChunk } from './scripted-server.js';

/** Of a server that does not say whether checkpoints will come. */
export const schema = '{"schema":{"columns":[{"name":"id","type":"int8"}],"estimatedRows":10}}\n';

export const schemaThatSays = (checkpoints) => schema.replace('}}\n', `,"checkpoints":${checkpoints}}}\n`);

export const row = (id) => `${JSON.stringify({ row: rowOf(id) })}\n`;

export const rowOf = (id) => ({ id, name: `näme ${id} 🐘 "\\n` });

export const checkpoint = (id) => `{"checkpoint":"after-${id}"}\n`;

export const end = (rows, token = null) => `${JSON.stringify({ end: { rows, continue: token } })}\n`;

export const error = (status, type = 'failed') => `${JSON.stringify({ error: { type: `urn:chunkstream:${type}`, title: type, status, detail: `It is ${type}.` } })}\n`;

/** What a server sends of rows 1 to `count`, those after a token, with a checkpoint after every third. */
export function keyed(count, resume = null, upTo = count) {
  const from = resume === null ? 0 : Number(resume.slice('after-'.length));
  let text = schema;
  for (let id = from + 1; id <= upTo; id++) text += row(id) + (id % 3 === 0 ? checkpoint(id) : '');
  return upTo < count ? text : text + end(count - from);
}

export function keyless(count) {
  return schema + ids(count).map(row).join('') + end(count);
}

export function ids(count) {
  return Array.from({ length: count }, (_, index) => index + 1);
}

export const rowsOf = (count) => ids(count).map(rowOf);

/** A script: rows 1 to `count`, from where the request says. */
export const servingKeyed = (count) => (socket, { resume }) => socket.end(head() + chunk(keyed(count, resume)) + lastChunk);

/** All rows of a stream, by batches or one by one. */
export async function collect(rows, by = 'batches') {
  const all = [];
  if (by === 'batches') {
    for await (const batch of rows.batches()) all.push(...batch);
  } else {
    for await (const one of rows) all.push(one);
  }
  return all;
}

/** The rows that came, and what ended them. */
export async function collectToFailure(rows) {
  const all = [];
  try {
    for await (const batch of rows.batches()) all.push(...batch);
  } catch (failure) {
    return { rows: all, failure };
  }
  throw new Error('The stream ended well.');
}

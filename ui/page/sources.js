import { get, root } from './api.js';

const formats = ['ndjson', 'json', 'csv', 'text', 'sse', 'frames'];

// What needs no database and no catalogue.
const generators = [
  {
    name: 'stream',
    summary: 'A line of text at a time, from a generator',
    path: 'stream',
    parameters: [
      { name: 'chunks', type: 'integer', required: false, default: '10' },
      { name: 'intervalMs', type: 'integer', required: false, default: '1000' },
    ],
  },
  {
    name: 'json-stream',
    summary: 'A JSON message at a time, from a generator',
    path: 'json-stream',
    parameters: [
      { name: 'chunks', type: 'integer', required: false, default: '5' },
      { name: 'intervalMs', type: 'integer', required: false, default: '1000' },
    ],
  },
].map((generator) => ({ ...generator, isQuery: false, maxRows: null, formats, warnings: [] }));

/** What can be streamed without asking the server. */
export function sourcesWithoutCatalogue() {
  return generators;
}

/** The catalogue's queries, then the generators; and what the catalogue says is wrong. */
export async function loadSources() {
  const catalogue = await (await get(new URL('queries', root))).json();
  const queries = catalogue.queries.map((query) => ({ ...query, isQuery: true }));
  const complaints = [
    ...(catalogue.database ? [`The queries could not be checked: ${catalogue.database}`] : []),
    ...catalogue.broken.map((broken) => `${broken.file}, line ${broken.line}: ${broken.reason}`),
  ];
  return { sources: [...queries, ...generators], complaints };
}

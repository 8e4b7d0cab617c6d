import { get, root } from './api.js';

/** The generators, which everyone may know: what can be streamed where the catalogue can't be had. */
export async function loadGenerators() {
  const generators = await (await get(new URL('generators.json', document.baseURI))).json();
  return generators.map((generator) => ({ ...generator, isQuery: false, live: false, key: [], maxRows: null, warnings: [] }));
}

/** The catalogue's queries, and what the catalogue says is wrong. */
export async function loadQueries() {
  const catalogue = await (await get(new URL('queries', root))).json();
  const queries = catalogue.queries.map((query) => ({ ...query, isQuery: true }));
  const complaints = [
    ...(catalogue.database ? [`The queries could not be checked: ${catalogue.database}`] : []),
    ...catalogue.broken.map((broken) => `${broken.file}, line ${broken.line}: ${broken.reason}`),
  ];
  return { queries, complaints };
}

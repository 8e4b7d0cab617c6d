import { createElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { collection } from 'chunkstream-client';
import { useCollection, useStream } from 'chunkstream-client/react';
// Both as docs/clients.md has them.
import { Issues } from './issues.jsx';
import { useSeries } from './streamed-query.mjs';

const shared = collection('/api/queries/issues?team=2');
window.requests = [];
const counting = (url, init) => {
  requests.push(String(url));
  return fetch(url, init);
};

function Page() {
  const [team, setTeam] = useState(1);
  const [count, setCount] = useState(null);
  window.set = { team: setTeam, count: setCount };
  // New functions with each render.
  const options = { fetch: (...given) => counting(...given), onProgress: () => {} };
  const issues = useCollection(`/api/queries/issues?team=${team}`, options);
  const others = useCollection(shared);
  const numbers = useStream(count === null ? null : `/api/queries/numbers?count=${count}`, options);
  const refused = useStream('/api/queries/none', { fetch: options.fetch });
  const wrong = useStream('/api/queries/numbers?count=1', { fetch: options.fetch, headers: { 'not a name': '' } });
  window.seen = {
    issues: issues.rows.map(({ id, title }) => `${id} ${title}`), isReady: issues.isReady, isLoading: issues.isLoading, state: issues.state,
    first: issues.get(1)?.title,
    others: others.rows.length,
    numbers: numbers.rows.length, numbersState: numbers.state, isWhole: numbers.rows.every(({ n }, index) => n === index + 1),
    refused: refused.error?.status, refusedState: refused.state, isRefusedLoading: refused.isLoading,
    wrong: wrong.error?.name,
  };
  window.restart = refused.restart;
  window.renders = (window.renders ?? 0) + 1;
  return createElement('ul', null, issues.rows.map(({ id, title }) => createElement('li', { key: id }, title)));
}

function Recipes() {
  const { data, isSuccess, fetchStatus } = useSeries(1000);
  window.series = { length: data?.length ?? 0, last: data?.at(-1)?.n, isDone: isSuccess && fetchStatus === 'idle' };
  return createElement(Issues, { team: 2 });
}

// On a server nothing is asked for.
window.rendered = renderToString(createElement(Page));
window.requestsOfServer = requests.length;

const root = createRoot(document.body.appendChild(document.createElement('div')));
root.render(createElement(StrictMode, null, createElement(Page)));
window.renderRecipes = () => root.render(
  createElement(StrictMode, null, createElement(QueryClientProvider, { client: new QueryClient() }, createElement(Recipes))));
window.leave = () => root.unmount();

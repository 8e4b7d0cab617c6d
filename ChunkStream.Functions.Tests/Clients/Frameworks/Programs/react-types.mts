import { useCollection, useStream } from 'chunkstream-client/react';
import { collection } from 'chunkstream-client';

interface Issue { id: number; title: string }
const issues = useCollection<Issue>('/api/queries/issues', { numbers: 'exact', getToken: () => 'token' });
issues.rows[0]?.title.trim();
const title: string | undefined = issues.get(7)?.title;
const shared = useCollection(collection<Issue>('/api/queries/issues'));
shared.rows[0]?.title.trim();
const { rows, progress, isLoading, restart } = useStream<Issue>(title ? '/api' : null, { format: 'ndjson' });
if (!isLoading && rows[0]) rows[0].title.trim();
const share: number | undefined = progress?.rows;
restart();
// @ts-expect-error: a component's end is its signal
useStream('', { signal: null });
// @ts-expect-error: the rows are the hook's
rows.push({ id: share, title });

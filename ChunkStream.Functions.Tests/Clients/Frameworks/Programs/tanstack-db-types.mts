import { createCollection } from '@tanstack/db';
import { chunkstreamCollectionOptions } from 'chunkstream-client/tanstack-db';

interface Issue { id: number; title: string }
const issues = createCollection(chunkstreamCollectionOptions<Issue, number>({
  url: '/api/queries/issues',
  id: 'issues',
  getKey: (issue) => issue.id,
  onInsert: async ({ transaction }) => {
    const id: number = transaction.mutations[0]!.modified.id;
    await issues.utils.seen((change) => change.row.id === id);
  },
}));
issues.get(7)?.title.trim();
issues.insert({ id: 1, title: 'a' });
// @ts-expect-error: a row has its columns
issues.insert({ id: 1, name: 'a' });
const state: string = issues.utils.state();
const plain = createCollection(chunkstreamCollectionOptions<Issue>({ url: state, numbers: 'exact' }));
plain.get('7')?.title.trim();

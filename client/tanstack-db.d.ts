import type { CollectionConfig, UtilsRecord } from '@tanstack/db';
import type { Change, Collection, CollectionOptions } from './index.js';

/**
 * Options for `createCollection` of `@tanstack/db`, whose rows are then those of a live query. What is not an option of
 * chunkstream-client is given on as it is, such as `id`, `onInsert`, `onUpdate` and `onDelete`.
 */
export function chunkstreamCollectionOptions<Row extends object = Record<string, unknown>, RowKey extends string | number = string | number>(
  config: ChunkstreamCollectionConfig<Row, RowKey>,
): Omit<CollectionConfig<Row, RowKey, never, ChunkstreamUtils<Row>>, 'utils'> & { utils: ChunkstreamUtils<Row>; schema?: never };

export interface ChunkstreamCollectionConfig<Row extends object = Record<string, unknown>, RowKey extends string | number = string | number>
  extends CollectionOptions, Omit<CollectionConfig<Row, RowKey, never, ChunkstreamUtils<Row>>, 'getKey' | 'sync' | 'schema' | 'utils'> {
  /** The address of a query that is declared `live`. */
  url: string | { readonly href: string; toString(): string };

  /** The key of a row. Default: the value of the key's column; of several columns, a text of them. */
  getKey?: (row: Row) => RowKey;
}

export interface ChunkstreamUtils<Row extends object = Record<string, unknown>> extends UtilsRecord {
  /** As of a `Collection`; `idle` before TanStack DB has begun to sync. */
  state(): Collection['state'] | 'idle';
  error(): Error | null;

  /**
   * Resolves when a change comes that matches; rejects after a time, of 10 s unless it is given. Ask before you write, and wait
   * for it at the end of `onInsert`: then the optimistic row is not taken away before the real one is there.
   */
  seen(matches: (change: Change<Row>) => boolean, options?: { timeoutMs?: number }): Promise<void>;
}

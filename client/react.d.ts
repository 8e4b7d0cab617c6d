import type { Collection, CollectionOptions, Key, Progress, StreamOptions } from './index.js';

type Address = string | { readonly href: string; toString(): string };

/**
 * Reads a stream while the component is there, and renders it with the rows so far. Another address, or another option that is no
 * function, begins anew; functions may be new ones with each render. It throws nothing, and suspends nothing.
 *
 * @param url The address; null: nothing is asked for yet.
 */
export function useStream<Row = Record<string, unknown>>(url: Address | null | undefined, options?: Omit<StreamOptions, 'signal'>): StreamResult<Row>;

/**
 * Follows a live query while the component is there, and renders it whenever its rows have changed.
 *
 * @param source The address of a query that is declared `live`; or a collection that was made elsewhere, which components can share.
 */
export function useCollection<Row = Record<string, unknown>>(
  source: Address | Collection<Row> | null | undefined,
  options?: Omit<CollectionOptions, 'signal'>,
): CollectionResult<Row>;

export interface StreamResult<Row> {
  /** Always the same array until there are more. */
  rows: readonly Row[];

  /** As in `progress`; `idle` without an address. */
  state: Progress['state'] | 'idle';

  /** Why there will be no more rows; those that came before are not all. */
  error: Error | null;

  /** Whether it is on its way to its first row. */
  isLoading: boolean;
  progress: Progress | null;

  /** Begins anew, also after a failure. */
  restart(): void;
}

export interface CollectionResult<Row> {
  rows: readonly Row[];
  state: Collection['state'] | 'idle';
  error: Error | null;

  /** Whether the rows have been there at least once; they stay while the connection is gone. */
  isReady: boolean;

  /** Whether it is on its way to its first rows. */
  isLoading: boolean;
  get(key: Key): Row | undefined;
  restart(): void;
}

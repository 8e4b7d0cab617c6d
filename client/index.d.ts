/**
 * Begins a stream of rows. Nothing is sent before the first row, the first batch or the schema is asked for, and nothing
 * is read ahead of whoever consumes it.
 *
 * @param url The address of a query or generator; in a page it may be relative.
 * @throws {TypeError} The address or an option is not valid.
 */
export function stream<Row = Record<string, unknown>>(url: string | Platform.URL, options?: StreamOptions): RowStream<Row>;

/**
 * Begins to follow a live query: its rows, and then each change, for as long as somebody reads. It goes on by itself after a
 * connection that was cut, from the last position. What one transaction has changed is given out together.
 *
 * @param url The address of a query that is declared `live`; in a page it may be relative.
 * @throws {TypeError} The address or an option is not valid.
 */
export function live<Row = Record<string, unknown>>(url: string | Platform.URL, options?: LiveOptions): LiveStream<Row>;

/**
 * Follows a live query and keeps its rows. It begins at once, and goes on until it is closed, by `close()` or by the signal.
 *
 * @throws {TypeError} The address or an option is not valid.
 */
export function collection<Row = Record<string, unknown>>(url: string | Platform.URL, options?: CollectionOptions): Collection<Row>;

export interface StreamOptions {
  /** Ends the stream at any moment; whoever waits is rejected with the signal's reason. */
  signal?: Platform.AbortSignal;

  /** `exact`: the server spells int8 and numeric as strings, since a JavaScript number can't hold them all. */
  numbers?: 'plain' | 'exact';

  /** Sent along, for example `{ 'x-functions-key': … }`. */
  headers?: Platform.HeadersInit;

  /**
   * Gives the access token of the user who reads. It is asked before each request of the stream, so that a stream outlives
   * its tokens; the answer is sent as `Authorization: Bearer …`. It may wait, also for a person who signs in: there is no
   * time limit but the `signal`. What it throws ends the stream as the `cause` of a StreamError.
   */
  getToken?(asked: TokenRequest): string | Promise<string>;

  /** A checkpoint of an earlier stream of the same address: goes on after it. */
  resume?: string;

  /**
   * How many attempts in a row may fail without a new row before the stream does. Default `Infinity`: an outage is waited
   * for, however long it lasts, until the signal is aborted. 0: never rejoin.
   */
  maxRejoins?: number;

  /** How long to wait before the first new attempt, in milliseconds; then twice that, and so on to 30 s. Default 250. */
  backoffMs?: number;

  /**
   * A silence that counts as a cut connection, in milliseconds. Default 60,000, four heartbeats of the server; for
   * `ndjson`, where a server need not have heartbeats, `Infinity`. Where the platform's `fetch` gives whole bodies only, as React
   * Native's does, it is the time that a whole response may take: by default `Infinity`, and for a live query, which polls, 120,000.
   */
  idleTimeoutMs?: number;

  /**
   * What to use for `fetch`: one that adds credentials, or a test's. Where its responses have no `body` to read piece by piece,
   * as React Native's have not, each one is read as a whole by `arrayBuffer()`: all its rows come at its end. A live query then
   * needs `live=long-poll` in its address.
   */
  fetch?: Platform.Fetch;

  /** Told after each piece that has arrived, and at each change of state; of tabs that share, in the one that has the connection. */
  onProgress?(progress: Progress): void;

  /**
   * `frames`, the default: ChunkStream's own format, with schema, checkpoints and a proof of the end. `ndjson`: for any
   * server's lines of JSON; no schema, no rejoining, and the end is whatever HTTP says is one.
   */
  format?: 'frames' | 'ndjson';
}

/** The options of a stream, but for the format. `resume`: a position of an earlier stream, to go on with what has changed since. */
export type LiveOptions = Omit<StreamOptions, 'format'>;

/** The options of a stream that make sense for one that keeps its rows. */
export interface CollectionOptions extends Omit<LiveOptions, 'resume'> {
  /**
   * Whether all tabs of the origin that follow the same address, with the same headers and as the same user, share one
   * connection. Where tabs can't find each other (over http, outside of browsers, in a sandbox) each has its own. Don't share where a
   * `fetch` of your own adds who the user is.
   */
  share?: boolean;
}

/** The changes of a live query, for one reader. Its `progress.rows` counts changes, and its `checkpoint` is a position. */
export type LiveStream<Row = Record<string, unknown>> = RowStream<Change<Row> | Position | Refetch>;

/** A row that has come, changed or gone. */
export type Change<Row = Record<string, unknown>> = Upsert<Row> | Deletion<Row>;

/** A row that is new, or takes the place of the one with the same key. The rows at the start come as these, too. */
export interface Upsert<Row = Record<string, unknown>> {
  type: 'upsert';

  /**
   * The row's key as a text: equal for equal keys, and for no others, also where a number has more digits than JavaScript
   * can hold. Of a key of several columns it is a JSON array of their texts.
   */
  key: string;
  row: Row;
}

/** A row that is in the result no more. Whoever does not have it ignores that. */
export interface Deletion<Row = Record<string, unknown>> {
  type: 'delete';
  key: string;

  /** The key's columns; a collection gives the whole row as it was. */
  row: Partial<Row>;
}

/** Who has applied all changes so far has the query's result as it was at one moment. */
export interface Position {
  type: 'up-to-date';

  /** Goes on from here, as `resume`. */
  position: string;
}

/** All rows are to be forgotten: they follow anew. The server does not know what has changed since the last position. */
export interface Refetch {
  type: 'must-refetch';
  reason: string;
}

/** The rows of a live query, as they are at the server's last position. */
export class Collection<Row = Record<string, unknown>> implements Iterable<Row> {
  private constructor();

  /** The rows, in no order that means anything: always the same array until something changes. */
  readonly rows: readonly Row[];
  readonly size: number;

  /** Whether the rows have been there at least once. Afterwards they stay, also while the connection is gone. */
  readonly isReady: boolean;

  /** Resolves when the rows are there for the first time; rejects if the collection has failed or was closed before. */
  readonly ready: Promise<Collection<Row>>;

  /**
   * `connecting`: a request is under way. `streaming`: changes are told as they happen. `waiting`: the connection is gone, and it
   * waits before another attempt. `closed`: by `close()` or the signal. `failed`: for good; `error` says why.
   */
  readonly state: 'connecting' | 'streaming' | 'waiting' | 'closed' | 'failed';
  readonly error: Error | null;
  readonly schema: Promise<Schema>;

  /** The names of the key's columns; null before the server has said them. They are there before the first change is told. */
  readonly keyColumns: readonly string[] | null;

  /**
   * A row by its key: the value of the key's only column, as a number, bigint or text, or an object that has the key's
   * columns.
   */
  get(key: Key): Row | undefined;
  has(key: Key): boolean;
  [Symbol.iterator](): IterableIterator<Row>;

  /**
   * Calls back whenever the rows have changed, once for all that has changed together; and, with no changes, whenever the state
   * has. Gives a function that ends that.
   */
  subscribe(listener: (changes: readonly Change<Row>[]) => void): () => void;

  /** Ends it. The rows stay as they are. */
  close(): void;
}

export type Key = string | number | bigint | boolean | { [column: string]: unknown };

/** What `getToken` is told. */
export interface TokenRequest {
  /**
   * Whether the server refused the last token, or ended the stream because that had expired: give another one, and none
   * from a cache. It is asked for once; if the server does not take the new token either, its refusal ends the stream.
   */
  refresh: boolean;

  /** Aborted when the stream is left: nobody waits for the token any more. */
  signal: Platform.AbortSignal;
}

/** The rows of one stream, for one reader: it is read with one `for await`, over rows or over batches. */
export class RowStream<Row = Record<string, unknown>> implements AsyncIterable<Row> {
  private constructor();

  /** The columns. Reading this begins the stream, too. Of `ndjson`: no columns. */
  readonly schema: Promise<Schema>;

  /** How far it is: a snapshot. */
  readonly progress: Progress;

  /** The rows in the portions in which they arrive, none of them empty: the fast way to many rows. */
  batches(): AsyncIterableIterator<Row[]>;

  /** The rows one by one. Leaving the loop ends the request, and with it the server's query. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Row>;
}

export interface Progress {
  /** Rows handed out so far. */
  rows: number;

  /** Bytes of the bodies so far, uncompressed. */
  bytes: number;

  /** About how many rows there will be, or null where the server does not know. */
  estimatedRows: number | null;

  /** How often the stream went on with another request. */
  rejoins: number;

  /**
   * Where a later stream can go on by `resume`: after the last batch that was handed out, or, of rows one by one, after
   * the last that was handed out whole. Null where the stream can't be resumed, and after its end.
   */
  checkpoint: string | null;

  /**
   * `connecting`: a request is under way, the first one or another (`rejoins`). `waiting`: the connection is gone, and it waits
   * before another attempt; the network's return (`online`) and a look at the page (`visibilitychange`) end that at once.
   * `failed` is every end but the stream's own: an error, an abort, a loop that was left.
   */
  state: 'connecting' | 'streaming' | 'waiting' | 'ended' | 'failed';
}

export interface Schema {
  columns: Column[];

  /** About how many rows there will be, or null where the server does not know. */
  estimatedRows: number | null;

  /** Whether the stream can be resumed; missing where the server does not say. */
  checkpoints?: boolean;

  /** The columns that tell one row from another; missing where the query has no key. */
  key?: string[];
}

export interface Column {
  name: string;

  /** The Postgres type, such as `int8`; `json` for what a generator makes. */
  type: string;
}

/** The stream is not complete, and can't be completed. */
export class StreamError extends Error {
  /** The message is, or begins with, the problem's `detail` where there is one. */
  constructor(message: string, details?: { problem?: Problem | null; status?: number | null; checkpoint?: string | null; cause?: unknown });

  /** What the server said, or null if it said nothing. */
  problem: Problem | null;

  /** The HTTP status, or the problem's; null where no answer came. */
  status: number | null;

  /** The token after exactly the rows that were handed out, or null if there is none. */
  checkpoint: string | null;
}

/** Problem details, RFC 9457. */
export interface Problem {
  /** For programs: `urn:chunkstream:…`. */
  type: string;
  title: string;
  status: number;

  /** For people: what was wrong, and what is allowed. */
  detail: string;

  /** With `urn:chunkstream:invalid-parameters`: what is wrong with each. */
  errors?: { parameter: string; detail: string }[];
}

/**
 * The platform's own types, as the DOM's library or Node's types declare them; where a program has neither (`lib: es2023`
 * alone), what this package needs of them.
 */
declare namespace Platform {
  type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Type } }
    ? Type
    : { readonly aborted: boolean; readonly reason: any; addEventListener(type: 'abort', listener: () => void): void; removeEventListener(type: 'abort', listener: () => void): void };

  type URL = typeof globalThis extends { URL: { prototype: infer Type } } ? Type : { readonly href: string; toString(): string };

  type HeadersInit = typeof globalThis extends { Headers: new (init?: infer Type) => any }
    ? Exclude<Type, undefined>
    : Iterable<readonly [string, string]> | Record<string, string>;

  type Fetch = typeof globalThis extends { fetch: infer Type } ? Type : (input: any, init?: any) => Promise<any>;
}

// Without this line everything above would be exported.
export {};

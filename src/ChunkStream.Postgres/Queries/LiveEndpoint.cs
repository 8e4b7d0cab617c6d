using System.Collections.Concurrent;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Requests;
using ChunkStream.Postgres.Rows;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Queries;

/// <summary>Answers requests that follow a declared query.</summary>
internal sealed class LiveEndpoint(
    QueryCatalogue catalogue,
    PostgresDatabase database,
    LiveQueries queries,
    ChangeLog changes,
    LiveLog log,
    IOptions<LiveOptions> options,
    TimeProvider time)
{
    private readonly LiveWatches _watches = new(changes, time);

    // What was last logged of each file: anybody may ask for a query again and again.
    private readonly ConcurrentDictionary<string, string> _refused = new(StringComparer.Ordinal);

    /// <summary>
    /// For how long a cache may give everybody the response of a poll: long enough that all who have waited together,
    /// and come back together, are one request to this server. However old it is, it says rightly what came next after
    /// its position.
    /// </summary>
    public static readonly TimeSpan SharedPollTime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether the URL of a poll tells all that its response depends on. A first poll has no position in it: its rows
    /// are those of now.
    /// </summary>
    public static bool IsSharedPoll(HttpRequest request, StreamRequest asked)
        => !HttpMethods.IsPost(request.Method)
            && request.Query.ContainsKey(RowsRequest.Resume)
            && asked.LastEventId is null;

    /// <summary>The format for a client that asks for none; null where the request does not follow the query.</summary>
    public static StreamFormat? DefaultFormat(LiveMode mode) => mode switch
    {
        LiveMode.Stream => StreamFormats.Sse,
        LiveMode.Poll => StreamFormats.Frames,
        _ => null,
    };

    /// <summary>Why a request can't follow the query; null if it can.</summary>
    public static Problem? Refusal(StreamRequest asked, QueryRun run)
    {
        if (asked.Format is not null and not FramesFormat and not SseFormat)
        {
            return Problem.NotAcceptable(
                "A live query has the formats sse and frames: only these can say that a row has gone.");
        }

        return run.Tokens is null ? NoSecret : null;
    }

    /// <summary>Nobody can follow a query, because its positions can't be signed.</summary>
    public static Problem NoSecret { get; } = Problem.Unavailable(
        "This server has no secret for the positions of live queries: its setting ChunkStream:ResumeKey is empty.");

    /// <summary>After how long without a change a response ends that polls.</summary>
    public TimeSpan PollTime => TimeSpan.FromSeconds(options.Value.LongPollSeconds);

    /// <summary>Opens the stream of rows and changes.</summary>
    public StreamSource Open(DeclaredQuery declared, QueryRun run, LiveMode mode, CancellationToken cancellation)
        => Open(declared, run, mode is LiveMode.Poll ? PollTime : null, cancellation);

    /// <summary>Opens the stream of rows and changes.</summary>
    /// <param name="declared">The query.</param>
    /// <param name="run">What the request asks of it.</param>
    /// <param name="pollTime">
    /// After how long without a change the stream ends: at once if that is 0; null for one that lasts.
    /// </param>
    /// <param name="cancellation">Cancelled when nobody wants the stream any more.</param>
    public LiveQuerySource Open(
        DeclaredQuery declared, QueryRun run, TimeSpan? pollTime, CancellationToken cancellation)
        => new(
            database,
            queries,
            new LiveRun(run, (isAnew, token) => ResolveAsync(declared, run, isAnew, token))
            {
                Since = run.Since is { } since ? LivePosition.Parse(since) ?? LivePosition.Unknown : null,
                PollTime = pollTime,
            },
            time,
            cancellation);

    private async Task<LiveQuery> ResolveAsync(
        DeclaredQuery declared, QueryRun run, bool isAnew, CancellationToken cancellation)
    {
        var known = await (isAnew
            ? catalogue.CheckedAnewAsync(declared, cancellation)
            : catalogue.CheckedAsync(declared, cancellation)).ConfigureAwait(false);
        if (known.Live is not { } tables)
            throw new ProblemException(Problem.BrokenQuery("The query can't be live: the catalogue says why."));

        // A table may have been dropped, or have given its name to another one, since the query was checked.
        var watches = await WatchAsync(declared, tables, isAnew, cancellation).ConfigureAwait(false);
        if (tables.Zip(watches).Any(pair => pair.First.Name != pair.Second.Table))
        {
            return isAnew
                ? throw new MustRefetchException(WatchProblem.Structure)
                : await ResolveAsync(declared, run, isAnew: true, cancellation).ConfigureAwait(false);
        }

        return new LiveQuery(run.Query, [
            .. tables.Zip(watches, (table, watch) => new LivePath(
                watch, table.Sql, run.Query.Key.Count, table.Filters)
            {
                Trimmed = table.Trimmed,
            }),
        ])
        {
            IsRerun = declared.File!.Header.Live!.IsRerun,
            ExactNumbers = run.ExactNumbers,
            IsAnonymous = run.IsAnonymous,
        };
    }

    private async Task<IReadOnlyList<Watch>> WatchAsync(
        DeclaredQuery declared, IReadOnlyList<LiveTable> tables, bool isAnew, CancellationToken cancellation)
    {
        try
        {
            var watches = await _watches.EnsureAsync(
                [.. tables.Select(table => (table.Oid, NamesOf(table)))], isAnew, cancellation).ConfigureAwait(false);
            _refused.TryRemove(declared.FileName, out var _);
            return watches;
        }
        catch (WatchRefusedException refusal)
        {
            if (_refused.GetValueOrDefault(declared.FileName) != refusal.Message)
                log.Refused(declared.FileName, refusal);
            _refused[declared.FileName] = refusal.Message;
            throw;
        }

        static IReadOnlyList<string> NamesOf(LiveTable table) => [.. table.Columns.Select(column => column.Name)];
    }
}

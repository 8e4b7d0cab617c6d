using System.Diagnostics.Metrics;
using System.Net.Sockets;
using ChunkStream.DurableStreams.Live;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>A local host with short time limits, and counters of what it holds.</summary>
internal sealed class FuzzedHost : IAsyncDisposable
{
    private static readonly (string Name, string Sql)[] Queries =
    [
        ("series", "-- param: count integer = 1000\n-- key: n\n-- key-check: each-row\n-- max-rows: 100000\n"
            + "-- access: anonymous\nselect n, sqrt(n) as root from generate_series(1, least(@count, 100001)) n"),
        ("types",
            """
            -- param: t text = null
            -- param: n bigint = null
            -- param: num numeric = null
            -- param: f float8 = null
            -- param: d date = null
            -- param: ts timestamptz = null
            -- param: j jsonb = null
            -- param: u uuid = null
            -- param: a integer[] = null
            -- param: r int4range = null
            -- param: b bytea = null
            -- key: id
            -- key-check: each-row
            """
            + "\nselect g as id, @t::text as t, @n::bigint as n, @num::numeric as num, @f::float8 as f, "
            + "@d::date as d, @ts::timestamptz as ts,\n"
            + "  @j::jsonb as j, @u::uuid as u, @a::int[] as a, @r::int4range as r, @b::bytea as b\n"
            + "from generate_series(1, 20) g"),
        ("keyed", "-- key: g, t desc\n-- key-check: each-row\nselect g % 7 as g, 'k' || g as t, g as value "
            + "from generate_series(1, 500) g"),
        ("slow", "-- timeout: 200ms\nselect g as id, pg_sleep(0.05) as w from generate_series(1, 20) g"),
        ("wide", "-- key: id\n-- key-check: each-row\nselect g as id, repeat('x', 20000) as v "
            + "from generate_series(1, 200) g"),
    ];

    private readonly MeterListener _meters = new();
    private long _active;

    private FuzzedHost(LocalApi api, string? key) => (Api, Key) = (api, key);

    public LocalApi Api { get; }

    public string? Key { get; }

    /// <summary>How many streams are open.</summary>
    public long Active => Interlocked.Read(ref _active);

    /// <summary>How many readers follow durable streams.</summary>
    public int Readers => Api.Get<LiveStreams>().Readers;

    /// <summary>What it is asked for.</summary>
    public static QueryFiles QueryFiles()
    {
        var files = new QueryFiles();
        foreach (var (name, sql) in Queries)
            files.With(name, sql);
        return files;
    }

    public static async Task<FuzzedHost> StartAsync(string connectionString, string? key, QueryFiles queries)
    {
        var host = new FuzzedHost(
            await LocalApi.StartAsync(
                connectionString, key,
                queries.Setting,
                ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"),
                ("ChunkStream:DefaultQuery", "keyed"),
                ("ChunkStream:Streaming:MaxDurationSeconds", "0.5"),
                ("ChunkStream:Streams:SseSeconds", "0.3"),
                ("ChunkStream:Streams:LongPollSeconds", "0.2"),
                ("ChunkStream:Streams:RecordSeconds", "0.5"),
                ("ChunkStream:Streams:PublicReading", key is null ? "true" : "false")),
            key);
        host._meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "chunkstream.stream.active" && instrument.Meter.Scope == host.Api.Meters)
                listener.EnableMeasurementEvents(instrument);
        };
        host._meters.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref host._active, value));
        host._meters.Start();
        return host;
    }

    /// <summary>The errors in the log so far, which is cleared.</summary>
    public IEnumerable<string> Complaints()
    {
        foreach (var entry in Api.Log.Take())
        {
            // A stream that ends for a known reason, for instance too many rows, is an error only for its reader.
            if ((entry.Level >= LogLevel.Error && entry.Event.Name != "StreamEnded" && !IsSevered(entry))
                || entry.Message.Contains("internal-error", StringComparison.Ordinal))
                yield return $"logged by {entry.Category}: {entry.Level} {entry.Message} {entry.Exception}";
        }
    }

    // A client has left while a transaction was rolled back. Its connection is closed at once, and Npgsql logs that.
    private static bool IsSevered(RecordedLog.Entry entry)
        => entry.Category == "Npgsql.Transaction"
            && entry.Exception?.GetBaseException()
                is SocketException { SocketErrorCode: SocketError.OperationAborted } or ObjectDisposedException;

    public async ValueTask DisposeAsync()
    {
        _meters.Dispose();
        await Api.DisposeAsync();
    }
}

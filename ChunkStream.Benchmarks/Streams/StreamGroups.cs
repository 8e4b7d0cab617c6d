using System.Globalization;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.Streams.Cases;
using ChunkStream.Benchmarks.Streams.Client;

namespace ChunkStream.Benchmarks.Streams;

/// <summary>All that is measured of durable streams.</summary>
/// <param name="settings">How much is measured.</param>
/// <param name="databases">The databases that keep our streams.</param>
internal sealed class StreamGroups(StreamsSettings settings, TestDatabases databases)
{
    private const string Reference = "-reference";
    private const string Psql = "-psql";
    private const int Writers = 8;
    private const int Streams = 1_000;
    private const int PerSecond = 50;
    private const int BinaryBytes = 64 * 1024;
    private const int MessagesAtOnce = 1_000;

    // A chunk of the store is full at 32 KiB, which is at 164 messages of 200 bytes and a comma.
    private const int ChunksAtOnce = 7;

    // A fraction of what the other cases read, because one append after another takes long.
    private const int SingleShare = 10;

    private static readonly byte[] MessageEnd = "}"u8.ToArray();

    private readonly StreamServer _ours = StreamServer.Ours(databases);
    private readonly StreamServer _reference = StreamServer.Reference(databases);

    /// <summary>The groups.</summary>
    public IReadOnlyList<CaseGroup> All =>
    [
        Pair("append-one", $"Appends by {Writers} writers to one stream, each on the disk before it is acknowledged",
            (name, server) => new AppendCase(name, server, Writers, 1, TimeSpan.FromSeconds(settings.Seconds))),
        Pair("append-many", $"The same to {Count(Streams)} streams",
            (name, server) => new AppendCase(name, server, Writers, Streams, TimeSpan.FromSeconds(settings.Seconds)),
            new PlainInsertCase(
                "append-postgres",
                cancellation => StreamServer.DatabaseAsync(databases, cancellation),
                Writers,
                TimeSpan.FromSeconds(settings.Seconds))),
        CatchUp(
            "catch-up-json",
            $"Reading {settings.Megabytes} MB of messages that were appended by {Count(MessagesAtOnce)} "
            + "(goal: 200 MB/s)",
            CatchUpJson,
            (long)MessageAppends * ChunksAtOnce,
            MessageCount),
        CatchUpSingles(
            "catch-up-singles",
            $"Reading {settings.Megabytes / SingleShare} MB of messages that were appended one after another: "
            + "the store has a row of each"),
        CatchUp(
            "catch-up-bytes",
            $"Reading {settings.Megabytes} MB that were appended by {BinaryBytes / 1024} KiB (goal: 200 MB/s)",
            CatchUpBytes,
            BinaryAppends,
            BinaryAppends),
        new(
            "tail",
            $"From a writer of {PerSecond} messages a second to a reader "
            + "(goal on another instance: median under 10 ms, 99 % under 50 ms)",
            [],
            [
                new TailCase(
                    "tail-elsewhere",
                    "reader on another instance over the same database; CPU and memory of both",
                    _ours,
                    isElsewhere: true,
                    PerSecond,
                    settings.Seconds),
                new TailCase(
                    "tail-same", "reader on the same instance", _ours, isElsewhere: false, PerSecond, settings.Seconds),
                new TailCase(
                    "tail" + Reference,
                    "reader on the same instance: there is but one",
                    _reference,
                    isElsewhere: false,
                    PerSecond,
                    settings.Seconds),
            ]),
        new(
            "readers",
            $"{Count(settings.Readers)} readers of one stream in one process, {PerSecond} messages a second "
            + $"(goal: all to all, under 300 MB, one database read a message, {settings.Seconds * PerSecond}, "
            + "beside those with which readers join)",
            [],
            [
                new ReadersCase("readers-ours", "", _ours, settings.Readers, PerSecond, settings.Seconds,
                    cancellation => StreamServer.DatabaseReadsAsync(databases, cancellation)) { HasWarmUp = false },
                new ReadersCase(
                    "readers" + Reference, "", _reference, settings.Readers, PerSecond, settings.Seconds, null)
                {
                    HasWarmUp = false,
                    MostRounds = 1,
                },
            ]),
    ];

    private long MessageCount => (long)MessageAppends * MessagesAtOnce;

    private int MessageAppends => settings.Megabytes * 1_000_000 / (NumberedMessages.Bytes * MessagesAtOnce);

    private int BinaryAppends => settings.Megabytes * 1_000_000 / BinaryBytes;

    private CatchUpCase CatchUpJson(string name, StreamServer server) =>
        new(
            name,
            server,
            StreamPaths.Json,
            NumberedMessages.Array(0, MessagesAtOnce),
            MessageAppends,
            MessageEnd,
            MessageCount);

    private CatchUpCase CatchUpBytes(string name, StreamServer server)
    {
        var body = new byte[BinaryBytes];
        new Random(1).NextBytes(body);
        return new CatchUpCase(name, server, StreamPaths.Binary, body, BinaryAppends, null, BinaryAppends);
    }

    private CaseGroup CatchUp(
        string name, string title, Func<string, StreamServer, IBenchmarkCase> make, long chunks, long records)
    {
        var pair = Pair(name, title, make, CopyOfLast(name, chunks, records));
        return pair with { Baselines = [.. pair.Baselines, name + Psql] };
    }

    private CaseGroup CatchUpSingles(string name, string title)
    {
        var appends = settings.Megabytes * 1_000_000 / SingleShare / NumberedMessages.Bytes;
        return new(name, title, [name + Psql],
        [
            new CatchUpCase(
                name + "-ours", _ours, StreamPaths.Json, NumberedMessages.Message(0), appends, MessageEnd, appends),
            CopyOfLast(name, appends, appends),
        ]);
    }

    // Our server starts before psql, so its stream is the last that was made.
    private PsqlCopyCase CopyOfLast(string name, long chunks, long records) => new(
        name + Psql,
        "select data from chunkstream.chunks "
        + "where stream_id = (select max(id) from chunkstream.streams) order by position",
        cancellation => StreamServer.DatabaseAsync(databases, cancellation),
        chunks,
        records);

    private CaseGroup Pair(
        string name,
        string title,
        Func<string, StreamServer, IBenchmarkCase> make,
        params IEnumerable<IBenchmarkCase> beside) =>
        new(
            name,
            title,
            [name + Reference],
            [make(name + "-ours", _ours), make(name + Reference, _reference), .. beside]);

    private static string Count(long records) => records.ToString("N0", CultureInfo.InvariantCulture);
}

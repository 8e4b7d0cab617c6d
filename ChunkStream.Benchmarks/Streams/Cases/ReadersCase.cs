using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.Streams.Client;

namespace ChunkStream.Benchmarks.Streams.Cases;

/// <summary>Many readers that follow one stream in one process. Each must get every message, in order.</summary>
/// <param name="name">Its name.</param>
/// <param name="what">What it is, after the server's name.</param>
/// <param name="contestant">The server.</param>
/// <param name="readers">How many follow the stream.</param>
/// <param name="perSecond">How many messages are written a second.</param>
/// <param name="seconds">For how many seconds.</param>
/// <param name="databaseReads">Tells how often the database was read so far; null if the server has none.</param>
internal sealed class ReadersCase(
    string name,
    string what,
    StreamServer contestant,
    int readers,
    int perSecond,
    int seconds,
    Func<CancellationToken, Task<long>>? databaseReads)
    : StreamCase(name, what, contestant)
{
    // These readers tell how long messages take. Each has a thread of its own, which the kernel wakes at once.
    private const int Prompt = 4;

    // An idle session of Postgres reports what it has counted after 10 seconds.
    private static readonly TimeSpan UntilCounted = TimeSpan.FromSeconds(12);

    /// <inheritdoc />
    public override async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        var readsBefore = databaseReads is null ? 0 : await databaseReads(cancellation);
        var sample = await OnThread(() => Follow(cancellation), cancellation);
        if (databaseReads is null)
            return sample;

        await Task.Delay(UntilCounted, cancellation);
        // Each reader begins with a read of its own, which says where the stream ends.
        return sample with { DatabaseReads = await databaseReads(cancellation) - readsBefore - readers };
    }

    private Sample Follow(CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(Port, cancellation);
        var path = StreamPaths.Create(connection, Root, StreamPaths.Json);
        using var many = new ManyTails(readers - Prompt, Port, path, cancellation);
        LiveTail[] prompt =
            [.. Enumerable.Range(0, Prompt).Select(_ => new LiveTail(Port, path, first: 0, cancellation))];
        var writer = new PacedWriter(Port, path, perSecond, seconds);
        var end = writer.Messages;

        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        Task<bool>[] others =
        [
            OnThread(() => Done(() => writer.Write(cancellation)), cancellation),
            .. prompt.Select(tail => OnThread(() => Done(() => tail.ReadUntil(end)), cancellation)),
        ];
        many.ReadUntil(end, cancellation);
        Task.WaitAll(others, cancellation);
        var wall = Stopwatch.GetElapsedTime(began);
        var after = Usage.Cpu;

        var sample = new Sample((long)end * readers, wall)
        {
            Cpu = after - before,
            SinceDue = Latency.Of(prompt.SelectMany(tail => tail.Since(writer.DueAt))),
            SinceAnswered = Latency.Of(prompt.SelectMany(tail => tail.Since(writer.AnsweredAt))),
        };
        foreach (var tail in prompt)
            tail.Dispose();
        return sample;
    }

    private static bool Done(Action work)
    {
        work();
        return true;
    }
}

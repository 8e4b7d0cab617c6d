using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Client;
using ChunkStream.Benchmarks.Streams.Client;

namespace ChunkStream.Benchmarks.Streams.Cases;

/// <summary>
/// Writers that append one message after another for some time, each as soon as the one before is acknowledged.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="contestant">The server.</param>
/// <param name="writers">How many write at once, each on a connection.</param>
/// <param name="streams">How many streams they write to.</param>
/// <param name="length">For how long they write.</param>
internal sealed class AppendCase(string name, StreamServer contestant, int writers, int streams, TimeSpan length)
    : StreamCase(name, "", contestant)
{
    private static readonly byte[] Mark = "{\"n\":"u8.ToArray();

    /// <inheritdoc />
    public override async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(Port, cancellation);
        string[] paths =
        [
            .. Enumerable.Range(0, streams).Select(_ => StreamPaths.Create(connection, Root, StreamPaths.Json)),
        ];
        byte[][] requests =
        [
            .. paths.Select(
                path => KeepAliveConnection.Request("POST", path, StreamPaths.Json, NumberedMessages.Message(0))),
        ];

        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, writers).Select(
            writer => OnThread(() => Write(writer, requests, cancellation), cancellation)));
        var wall = Stopwatch.GetElapsedTime(began);
        var after = Usage.Cpu;

        var counter = new MarkCounter(Mark);
        foreach (var path in paths)
            StreamPaths.ReadAll(connection, path, counter);
        if (counter.Count != counts.Sum())
        {
            throw new InvalidDataException(
                $"{counter.Count} messages are there, but {counts.Sum()} were acknowledged.");
        }
        return new Sample(counter.Count, wall) { Cpu = after - before };
    }

    private long Write(int writer, byte[][] requests, CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(Port, cancellation);
        var began = Stopwatch.GetTimestamp();
        var count = 0L;
        // Each writer writes to all streams. They don't write to the same stream at once, unless there is only one.
        for (var i = (long)writer * requests.Length / writers; Stopwatch.GetElapsedTime(began) < length; i++)
        {
            connection.Exchange(requests[i % requests.Length]);
            count++;
        }

        return count;
    }
}

using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Client;
using ChunkStream.Benchmarks.Streams.Client;

namespace ChunkStream.Benchmarks.Streams.Cases;

/// <summary>
/// A reader that reads a stream from its start to its end, in as many requests as the server's answers ask for.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="contestant">The server.</param>
/// <param name="contentType">The content type of the stream.</param>
/// <param name="body">What is appended each time.</param>
/// <param name="appends">How many appends there are.</param>
/// <param name="mark">Bytes that stand once in each record; null if each append is one record.</param>
/// <param name="records">How many records the stream has.</param>
internal sealed class CatchUpCase(
    string name, StreamServer contestant, string contentType, byte[] body, int appends, byte[]? mark, long records)
    : StreamCase(name, "", contestant)
{
    private string _path = "";

    /// <inheritdoc />
    public override Task<Sample> RunAsync(CancellationToken cancellation) =>
        OnThread(() => Read(cancellation), cancellation);

    /// <inheritdoc />
    protected override Task PrepareAsync(CancellationToken cancellation) => OnThread(
        () =>
        {
            using var connection = new KeepAliveConnection(Port, cancellation);
            _path = StreamPaths.Create(connection, Root, contentType);
            var request = KeepAliveConnection.Request("POST", _path, contentType, body);
            for (var i = 0; i < appends; i++)
                connection.Exchange(request);
            return true;
        },
        cancellation);

    private Sample Read(CancellationToken cancellation)
    {
        var counter = mark is null ? null : new MarkCounter(mark);
        var sink = new ByteCounter(counter);
        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        using (var connection = new KeepAliveConnection(Port, cancellation))
            StreamPaths.ReadAll(connection, _path, sink);
        var wall = Stopwatch.GetElapsedTime(began);
        var after = Usage.Cpu;

        var read = counter?.Count ?? sink.Bytes / body.Length;
        if (read != records)
            throw new InvalidDataException($"{read} records came instead of {records}.");
        return new Sample(records, wall)
        {
            Bytes = sink.Bytes,
            FirstByte = Stopwatch.GetElapsedTime(began, sink.First),
            Cpu = after - before,
        };
    }

    private sealed class ByteCounter(MarkCounter? marks) : IBodySink
    {
        public long Bytes { get; private set; }

        public long First { get; private set; }

        public void Take(ReadOnlySpan<byte> bytes)
        {
            if (First == 0)
                First = Stopwatch.GetTimestamp();
            Bytes += bytes.Length;
            marks?.Take(bytes);
        }
    }
}

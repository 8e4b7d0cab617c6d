using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.Streams.Client;

namespace ChunkStream.Benchmarks.Streams.Cases;

/// <summary>
/// How long a message takes to reach a reader who follows its stream, on the instance where it was written or another.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="what">What it is, after the server's name.</param>
/// <param name="contestant">The server.</param>
/// <param name="isElsewhere">Whether the reader is on another instance.</param>
/// <param name="perSecond">How many messages are written a second.</param>
/// <param name="seconds">For how many seconds.</param>
internal sealed class TailCase(
    string name, string what, StreamServer contestant, bool isElsewhere, int perSecond, int seconds)
    : StreamCase(name, what, contestant)
{
    private ServerProcess? _other;

    /// <summary>What the processes of both instances have used.</summary>
    public override ProcessUsage Usage => _other is null
        ? base.Usage
        : new ProcessUsage(base.Usage.Cpu + _other.Usage.Cpu, base.Usage.PeakBytes + _other.Usage.PeakBytes);

    /// <inheritdoc />
    public override async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        using var connection = new KeepAliveConnection(Port, cancellation);
        var path = StreamPaths.Create(connection, Root, StreamPaths.Json);
        var writer = new PacedWriter(Port, path, perSecond, seconds);
        using var tail = new LiveTail(_other?.Port ?? Port, path, first: 0, cancellation);

        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        var reading = OnThread(
            () =>
            {
                tail.ReadUntil(writer.Messages);
                return Stopwatch.GetElapsedTime(began);
            },
            cancellation);
        await OnThread(
            () =>
            {
                writer.Write(cancellation);
                return true;
            },
            cancellation);
        var wall = await reading;
        return new Sample(writer.Messages, wall)
        {
            Cpu = Usage.Cpu - before,
            SinceDue = Latency.Of(tail.Since(writer.DueAt)),
            SinceAnswered = Latency.Of(tail.Since(writer.AnsweredAt)),
        };
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_other is not null)
            await _other.DisposeAsync();
    }

    /// <inheritdoc />
    protected override async Task PrepareAsync(CancellationToken cancellation)
    {
        if (isElsewhere)
            _other = await StartServerAsync(cancellation);
    }
}

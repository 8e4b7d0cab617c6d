using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Client;
using ChunkStream.Benchmarks.E2e.Processes;

namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>A server, and streams that are read from it to their end, each checked for its number of records.</summary>
/// <param name="name">The name of the case.</param>
/// <param name="what">What the case is, in words.</param>
/// <param name="start">Starts the server.</param>
/// <param name="request">What the server is asked for.</param>
/// <param name="records">How many records each stream must have.</param>
internal sealed class HttpCase(
    string name,
    string what,
    Func<CancellationToken, Task<ServerProcess>> start,
    StreamRequest request,
    long records) : IBenchmarkCase
{
    private ServerProcess? _server;

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public string What => what;

    /// <inheritdoc />
    public int MostRounds { get; init; } = int.MaxValue;

    /// <inheritdoc />
    public bool HasWarmUp { get; init; } = true;

    /// <summary>How many streams are read at once.</summary>
    public int Streams { get; init; } = 1;

    /// <inheritdoc />
    public ProcessUsage Usage => _server?.Usage ?? ProcessUsage.Unknown;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellation) => _server = await start(cancellation);

    /// <inheritdoc />
    public async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        var reads = await Task.WhenAll(Enumerable.Range(0, Streams).Select(
            _ => StreamClient.ReadAsync(_server!.Port, request, cancellation)));
        // Several streams end with the last one. A single stream ends before the client unpacks what was compressed.
        var wall = Streams == 1 ? reads[0].Wall : Stopwatch.GetElapsedTime(began);
        var after = Usage.Cpu;

        if (Array.Find(reads, read => read.Records != records) is { } wrong)
            throw new InvalidDataException($"A stream had {wrong.Records} records instead of {records}.");

        return new Sample(reads.Sum(read => read.Records), wall)
        {
            Bytes = reads.Sum(read => read.Bytes),
            FirstByte = reads.Max(read => read.FirstByte),
            Cpu = after - before,
        };
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}

using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Client;
using ChunkStream.Benchmarks.E2e.Processes;

namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>
/// Many readers at once that take far less than the server could give, and leave in the end. It measures the memory
/// that they cost. All of them must be served.
/// </summary>
/// <param name="readers">How many readers there are.</param>
/// <param name="start">Starts the server.</param>
/// <param name="request">What each reader asks for.</param>
internal sealed class SlowReadersCase(
    int readers, Func<CancellationToken, Task<ServerProcess>> start, StreamRequest request) : IBenchmarkCase
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(15);

    private ServerProcess? _server;

    /// <inheritdoc />
    public string Name => "slow-readers";

    /// <inheritdoc />
    public string What => $"{readers} readers at once, each of at most 64 KiB a second for {Length.TotalSeconds:0} s; "
        + "then they leave";

    /// <inheritdoc />
    public int MostRounds => 1;

    /// <inheritdoc />
    public bool HasWarmUp => false;

    /// <inheritdoc />
    public ProcessUsage Usage => _server?.Usage ?? ProcessUsage.Unknown;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellation) => _server = await start(cancellation);

    /// <inheritdoc />
    public async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        var reads = await Task.WhenAll(
            Enumerable.Range(0, readers).Select(
                _ => SlowReader.ReadAsync(_server!.Port, request, Length, cancellation)));
        return new Sample(reads.Sum(read => read.Records), Stopwatch.GetElapsedTime(began))
        {
            Bytes = reads.Sum(read => read.Bytes),
            FirstByte = reads.Max(read => read.FirstByte),
            Cpu = Usage.Cpu - before,
        };
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}

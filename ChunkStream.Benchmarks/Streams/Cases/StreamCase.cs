using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Processes;

namespace ChunkStream.Benchmarks.Streams.Cases;

/// <summary>A case with one server of the protocol.</summary>
/// <param name="name">Its name.</param>
/// <param name="what">What it is, after the server's name.</param>
/// <param name="contestant">The server.</param>
internal abstract class StreamCase(string name, string what, StreamServer contestant) : IBenchmarkCase
{
    private ServerProcess? _server;

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public string What => what.Length == 0 ? contestant.What : $"{contestant.What}: {what}";

    /// <inheritdoc />
    public int MostRounds { get; init; } = int.MaxValue;

    /// <inheritdoc />
    public bool HasWarmUp { get; init; } = true;

    /// <inheritdoc />
    public virtual ProcessUsage Usage => _server?.Usage ?? ProcessUsage.Unknown;

    /// <summary>Where the server listens.</summary>
    protected int Port => _server!.Port;

    /// <summary>The address before the path of a stream.</summary>
    protected string Root => contestant.Root;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellation)
    {
        _server = await StartServerAsync(cancellation);
        await PrepareAsync(cancellation);
    }

    /// <inheritdoc />
    public abstract Task<Sample> RunAsync(CancellationToken cancellation);

    /// <inheritdoc />
    public virtual ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Starts an instance of the server.</summary>
    protected Task<ServerProcess> StartServerAsync(CancellationToken cancellation) =>
        contestant.StartAsync(cancellation);

    /// <summary>Prepares the case, once before all runs.</summary>
    protected virtual Task PrepareAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Runs something on a thread of its own, which the kernel wakes.</summary>
    protected static Task<T> OnThread<T>(Func<T> work, CancellationToken cancellation) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                return work();
            }
            catch (Exception e) when (cancellation.IsCancellationRequested && e is not OperationCanceledException)
            {
                // Its sockets were closed from outside.
                throw new OperationCanceledException(e.Message, e, cancellation);
            }
        },
        cancellation,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}

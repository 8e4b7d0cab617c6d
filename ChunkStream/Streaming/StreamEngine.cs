using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.Streaming;

/// <summary>What all streams of a process share.</summary>
internal sealed class StreamEngine : IDisposable
{
    private readonly CancellationTokenSource _shutdown;
    private readonly CancellationTokenRegistration _stopping;

    public StreamEngine(
        IOptions<StreamingOptions> options,
        PlatformTimeLimit platform,
        IHostApplicationLifetime process,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<StreamEngine> logger)
    {
        (Options, Time, Log, Metrics) = (options.Value, time, new StreamLog(logger), new StreamMetrics(meters));
        MaxDuration = Options.MaxDurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : platform.StreamLimit;

        // Told to stop, open streams may go on for a while; a last row may be on its way.
        _shutdown = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stopping = process.ApplicationStopping.Register(() => _shutdown.CancelAfter(TimeSpan.FromSeconds(Options.ShutdownSeconds)));
    }

    public StreamingOptions Options { get; }

    public TimeProvider Time { get; }

    public StreamLog Log { get; }

    public StreamMetrics Metrics { get; }

    /// <summary>How long a stream may last, or <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public TimeSpan MaxDuration { get; }

    /// <summary>Cancelled when the process has waited long enough for its streams.</summary>
    public CancellationToken Shutdown => _shutdown.Token;

    /// <summary>The lifetime of a stream that begins now.</summary>
    /// <param name="client">Cancelled when the client leaves.</param>
    /// <param name="invocation">Cancelled when the platform ends the call.</param>
    public StreamLifetime Begin(CancellationToken client, CancellationToken invocation)
        => new(MaxDuration, Time, client, invocation, _shutdown.Token);

    /// <inheritdoc />
    public void Dispose()
    {
        _stopping.Dispose();
        _shutdown.Dispose();
    }
}

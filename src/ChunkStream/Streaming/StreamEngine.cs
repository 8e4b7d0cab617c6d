using System.Diagnostics.Metrics;
using ChunkStream.Problems;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.Streaming;

/// <summary>What all streams of a process share.</summary>
internal sealed class StreamEngine : IDisposable
{
    // Which one was asked for may be the very thing that is wrong.
    private const string NoFormat = "none";

    private readonly PlatformTimeLimit _platform;
    private readonly CancellationToken _processStopping;
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
        (_platform, _processStopping) = (platform, process.ApplicationStopping);
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

    /// <summary>The engine of the app that serves a request.</summary>
    /// <exception cref="InvalidOperationException">The app has none.</exception>
    public static StreamEngine From(IServiceProvider services) => services.GetService<StreamEngine>()
        ?? throw new InvalidOperationException(
            "ChunkStream is not registered: call builder.Services.AddChunkStream(), or builder.UseChunkStream() in a function app.");

    /// <summary>The lifetime of a stream that begins now.</summary>
    /// <param name="client">Cancelled when the client leaves.</param>
    /// <param name="invocation">Cancelled when the platform ends the call.</param>
    /// <param name="maxDuration">How long it may last, where that is less than every stream may.</param>
    public StreamLifetime Begin(CancellationToken client, CancellationToken invocation, TimeSpan? maxDuration = null)
        => new(Shorter(maxDuration), _platform, Time, client, invocation, _processStopping, _shutdown.Token);

    /// <summary>A request for a stream was refused before there was anything to begin: an event and a measurement as of any other stream.</summary>
    /// <param name="stream">The endpoint's name. No part of the request: it becomes a tag of the metrics.</param>
    /// <param name="problem">What the client is told.</param>
    public void Refused(string stream, Problem problem)
    {
        var report = new StreamReport(
            stream, NoFormat, StreamOutcome.Refused, problem, Records: 0, Bytes: 0, TimeSpan.Zero, FirstByte: null, TimeSpan.Zero);
        Metrics.Started(report.Stream, report.Format);
        Log.StreamEnded(report, failure: null);
        Metrics.Ended(report);
    }

    private TimeSpan Shorter(TimeSpan? duration)
        => duration is { } own && (MaxDuration == Timeout.InfiniteTimeSpan || own < MaxDuration) ? own : MaxDuration;

    /// <inheritdoc />
    public void Dispose()
    {
        _stopping.Dispose();
        _shutdown.Dispose();
    }
}

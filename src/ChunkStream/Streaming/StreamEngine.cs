using System.Diagnostics.Metrics;
using ChunkStream.Problems;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.Streaming;

/// <summary>
/// What all streams of a process share: settings, clock, log, metrics, and the ends that come from outside.
/// </summary>
internal sealed class StreamEngine : IDisposable
{
    // The format of a refused request: a bad format may be why it was refused.
    private const string NoFormat = "none";

    private readonly PlatformTimeLimit _platform;
    private readonly CancellationToken _processStopping;
    private readonly CancellationTokenSource _shutdown;
    private readonly CancellationTokenRegistration _stopping;

    public StreamEngine(
        IOptions<StreamingOptions> options,
        PlatformTimeLimit platform,
        FirstResponse firstResponse,
        IHostApplicationLifetime process,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<StreamEngine> logger)
    {
        (Options, Time, Log, Metrics) = (options.Value, time, new StreamLog(logger), new StreamMetrics(meters));
        FirstResponse = firstResponse;
        (_platform, _processStopping) = (platform, process.ApplicationStopping);
        MaxDuration = Options.MaxDurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : platform.StreamLimit;

        // When the process is told to stop, open streams may go on for a while: the last row may be on its way.
        _shutdown = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stopping = process.ApplicationStopping.Register(
            () => _shutdown.CancelAfter(TimeSpan.FromSeconds(Options.ShutdownSeconds)));
    }

    public StreamingOptions Options { get; }

    public TimeProvider Time { get; }

    public StreamLog Log { get; }

    public StreamMetrics Metrics { get; }

    /// <summary>Hears of the first response of the process.</summary>
    public FirstResponse FirstResponse { get; }

    /// <summary>How long a stream may last; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan MaxDuration { get; }

    /// <summary>Cancelled when the process is stopping, and open streams have had their time to go on.</summary>
    public CancellationToken Shutdown => _shutdown.Token;

    /// <summary>Looks up the engine in the services of a request.</summary>
    /// <exception cref="InvalidOperationException">The app has not registered ChunkStream.</exception>
    public static StreamEngine From(IServiceProvider services) => services.GetService<StreamEngine>()
        ?? throw new InvalidOperationException(
            "ChunkStream is not registered: call builder.Services.AddChunkStream(), "
            + "or builder.UseChunkStream() in a function app.");

    /// <summary>Begins the lifetime of a stream.</summary>
    /// <param name="client">A token that is cancelled when the client leaves.</param>
    /// <param name="invocation">A token that is cancelled when the platform ends the invocation.</param>
    /// <param name="maxDuration">
    /// How long the stream may last, if that is less than the engine allows; else null.
    /// </param>
    /// <param name="expires">When the caller's access ends; null if it does not.</param>
    public StreamLifetime Begin(
        CancellationToken client,
        CancellationToken invocation,
        TimeSpan? maxDuration = null,
        DateTimeOffset? expires = null)
    {
        var deadline = StreamDeadline.FromDuration(MaxDuration)
            .OrEarlier(StreamDeadline.FromDuration(maxDuration ?? Timeout.InfiniteTimeSpan))
            .OrEarlier(StreamDeadline.FromAccess(expires - Time.GetUtcNow()));
        return new(deadline, _platform, Time, client, invocation, _processStopping, _shutdown.Token);
    }

    /// <summary>Logs and counts a request that was refused before its stream began, as a stream that ended.</summary>
    /// <param name="stream">The endpoint's name. It must not contain parts of the request: it is a metrics tag.</param>
    /// <param name="problem">What the client is told.</param>
    public void Refused(string stream, Problem problem)
    {
        var report = new StreamReport(
            stream,
            NoFormat,
            StreamOutcome.Refused,
            problem,
            Records: 0,
            Bytes: 0,
            Duration: TimeSpan.Zero,
            FirstByte: null,
            Stalled: TimeSpan.Zero);
        using var span = StreamSpan.Start(report.Stream, report.Format, origin: null, Time);
        Metrics.Started(report.Stream, report.Format);
        Log.StreamEnded(report, failure: null);
        Metrics.Ended(report);
        span?.End(report);
        FirstResponse.Begin();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _stopping.Dispose();
        _shutdown.Dispose();
    }
}

using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>All that can end a stream from outside, as one token; and afterwards, which of them it was.</summary>
internal sealed class StreamLifetime : IDisposable
{
    private readonly CancellationToken _client;
    private readonly CancellationToken _invocation;
    private readonly CancellationToken _stopping;
    private readonly TimeSpan _platformLimit;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _any;

    /// <param name="maxDuration">How long the stream may last, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="platform">After how long the platform ends the call.</param>
    /// <param name="time">Measures both.</param>
    /// <param name="client">Cancelled when the client leaves.</param>
    /// <param name="invocation">Cancelled when the platform ends the call.</param>
    /// <param name="stopping">Cancelled when the process is told to stop.</param>
    /// <param name="shutdown">Cancelled when the process has waited long enough for its streams.</param>
    public StreamLifetime(
        TimeSpan maxDuration,
        PlatformTimeLimit platform,
        TimeProvider time,
        CancellationToken client,
        CancellationToken invocation,
        CancellationToken stopping,
        CancellationToken shutdown)
    {
        (_client, _invocation, _stopping) = (client, invocation, stopping);
        (_platformLimit, _time, _begun) = (platform.StreamLimit, time, time.GetTimestamp());
        _deadline = new CancellationTokenSource(maxDuration, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(client, invocation, shutdown, _deadline.Token);
    }

    /// <summary>Cancelled when the stream shall end.</summary>
    public CancellationToken Token => _any.Token;

    /// <summary>
    /// How the response must end that was ended from outside, or null if it was not. Only a client that is known to be gone
    /// needs no end at all: <see cref="StreamOutcome.Stopped"/> is also said while that is not certain.
    /// </summary>
    public StreamOutcome? Ended
        => _client.IsCancellationRequested ? StreamOutcome.ClientLeft
        : !_any.IsCancellationRequested ? null
        : _deadline.IsCancellationRequested ? StreamOutcome.DeadlineReached
        : StreamOutcome.Stopped;

    /// <summary>
    /// Whether the platform ended the call because the client left. It tells us of that by two tokens, in either order, and the
    /// second may be seconds late. So what has not happened decides: a call is also ended at its time limit and when the
    /// process stops, and of these two we know.
    /// </summary>
    public bool ClientLeft
        => _client.IsCancellationRequested
        || (_invocation.IsCancellationRequested && !_stopping.IsCancellationRequested && !IsAtPlatformLimit);

    // The platform's clock for a call starts before ours, so the time is over a little early here.
    private bool IsAtPlatformLimit => _platformLimit != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(_begun) >= _platformLimit;

    /// <summary>What a client is told of such an end.</summary>
    public static Problem? Describe(StreamOutcome ended) => ended switch
    {
        StreamOutcome.DeadlineReached => Problem.DeadlineReached,
        StreamOutcome.Stopped => Problem.Stopping,
        _ => null,
    };

    /// <summary>Cancels the token, so that whatever still works for the stream stops.</summary>
    public Task EndAsync() => _any.CancelAsync();

    /// <inheritdoc />
    public void Dispose()
    {
        _any.Dispose();
        _deadline.Dispose();
    }
}

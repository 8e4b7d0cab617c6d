using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>
/// Everything that can end a stream from outside, as one token: the client, the platform, the deadline, the shutdown.
/// Afterwards it tells which of them it was.
/// </summary>
internal sealed class StreamLifetime : IDisposable
{
    private readonly CancellationToken _client;
    private readonly CancellationToken _invocation;
    private readonly CancellationToken _stopping;
    private readonly TimeSpan _platformLimit;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly StreamDeadline _deadline;
    private readonly CancellationTokenSource _deadlineReached;
    private readonly CancellationTokenSource _any;

    /// <param name="deadline">When the stream must end.</param>
    /// <param name="platform">After how long the platform ends the invocation.</param>
    /// <param name="time">Measures both times.</param>
    /// <param name="client">A token that is cancelled when the client leaves.</param>
    /// <param name="invocation">A token that is cancelled when the platform ends the invocation.</param>
    /// <param name="stopping">A token that is cancelled when the process is told to stop.</param>
    /// <param name="shutdown">
    /// A token that is cancelled when open streams have had their time to go on after that.
    /// </param>
    public StreamLifetime(
        StreamDeadline deadline,
        PlatformTimeLimit platform,
        TimeProvider time,
        CancellationToken client,
        CancellationToken invocation,
        CancellationToken stopping,
        CancellationToken shutdown)
    {
        (_client, _invocation, _stopping) = (client, invocation, stopping);
        (_platformLimit, _time, _begun) = (platform.StreamLimit, time, time.GetTimestamp());
        _deadline = deadline;
        _deadlineReached = new CancellationTokenSource(deadline.After, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(client, invocation, shutdown, _deadlineReached.Token);
    }

    /// <summary>The token that is cancelled when the stream must end.</summary>
    public CancellationToken Token => _any.Token;

    /// <summary>
    /// How the response must end because of what ended the stream from outside; null if nothing has. Only a client that
    /// has left for certain needs no end at all: as long as that is not certain, this is
    /// <see cref="StreamOutcome.Stopped"/>.
    /// </summary>
    public StreamOutcome? Ended
        => _client.IsCancellationRequested ? StreamOutcome.ClientLeft
        : !_any.IsCancellationRequested ? null
        : _deadlineReached.IsCancellationRequested ? StreamOutcome.DeadlineReached
        : StreamOutcome.Stopped;

    /// <summary>
    /// Whether the client left. The platform tells of that by two tokens, in either order, and the second may be
    /// seconds late. So if it ended the invocation, the other two reasons for that are ruled out: its time limit, and
    /// that the process stops.
    /// </summary>
    public bool ClientLeft
        => _client.IsCancellationRequested
        || (_invocation.IsCancellationRequested && !_stopping.IsCancellationRequested && !IsAtPlatformLimit);

    // This limit is earlier than the platform's own (see PlatformTimeLimit), whose clock started before ours.
    private bool IsAtPlatformLimit
        => _platformLimit != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(_begun) >= _platformLimit;

    /// <summary>What a client is told of an end that came from outside; null for other outcomes.</summary>
    public Problem? Describe(StreamOutcome ended) => ended switch
    {
        StreamOutcome.DeadlineReached => _deadline.Problem,
        StreamOutcome.Stopped => Problem.Stopping,
        _ => null,
    };

    /// <summary>Cancels the token, so that everything that still works for the stream stops.</summary>
    public Task EndAsync() => _any.CancelAsync();

    /// <inheritdoc />
    public void Dispose()
    {
        _any.Dispose();
        _deadlineReached.Dispose();
    }
}

using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>All that can end a stream from outside, as one token; and afterwards, which of them it was.</summary>
internal sealed class StreamLifetime : IDisposable
{
    // The Functions host tells us of a client that left in two ways, the call's token and the request's, in either order,
    // a few milliseconds apart.
    private static readonly TimeSpan ClientNews = TimeSpan.FromMilliseconds(100);

    private readonly CancellationToken _client;
    private readonly CancellationToken _invocation;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _any;

    /// <param name="maxDuration">How long the stream may last, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="time">Measures that.</param>
    /// <param name="client">Cancelled when the client leaves.</param>
    /// <param name="invocation">Cancelled when the platform ends the call.</param>
    /// <param name="shutdown">Cancelled when the process has waited long enough for its streams.</param>
    public StreamLifetime(
        TimeSpan maxDuration, TimeProvider time, CancellationToken client, CancellationToken invocation, CancellationToken shutdown)
    {
        (_client, _invocation, _time) = (client, invocation, time);
        _deadline = new CancellationTokenSource(maxDuration, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(client, invocation, shutdown, _deadline.Token);
    }

    /// <summary>Cancelled when the stream shall end.</summary>
    public CancellationToken Token => _any.Token;

    /// <summary>How it was ended from outside, or null if it was not. A client that has left is past hearing of anything else.</summary>
    public async ValueTask<StreamOutcome?> EndedAsync()
    {
        if (_invocation.IsCancellationRequested && !_client.IsCancellationRequested)
            await Task.Delay(ClientNews, _time, _client).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        return _client.IsCancellationRequested ? StreamOutcome.ClientLeft
            : !_any.IsCancellationRequested ? null
            : _deadline.IsCancellationRequested ? StreamOutcome.DeadlineReached
            : StreamOutcome.Stopped;
    }

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

namespace ChunkStream.Streaming;

/// <summary>
/// Tells when work may begin that no request waits for. Where processes are started for requests, the request for which
/// this one was started shares it with nothing until its first bytes are sent.
/// </summary>
/// <param name="limit">After how long without a request the work begins anyway.</param>
internal sealed class FirstResponse(TimeSpan limit)
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>For hosts whose processes run before there are requests: nothing is delayed.</summary>
    public static FirstResponse NotAwaited { get; } = new(TimeSpan.Zero);

    /// <summary>To be called when the first bytes of a response are sent, or a request was refused.</summary>
    public void Begin() => _begun.TrySetResult();

    /// <summary>Waits for the first response.</summary>
    /// <param name="time">Measures the limit.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task WaitAsync(TimeProvider time, CancellationToken cancellation)
    {
        await _begun.Task.CompletesWithinAsync(limit, time, cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
    }
}

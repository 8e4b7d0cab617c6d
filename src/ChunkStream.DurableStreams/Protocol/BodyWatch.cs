using System.IO.Pipelines;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// Ends the reading of a body that does not come any more, or too slowly. A server's own limit is one of the average: a body of which
/// most came fast may rest for hours.
/// </summary>
internal sealed class BodyWatch(PipeReader body, DurableStreamOptions options, TimeProvider time) : IDisposable
{
    // What Kestrel asks for, too.
    private const double LeastBytesASecond = 240;

    private readonly long _began = time.GetTimestamp();
    private ITimer? _timer;
    private long _received;
    private long _seen;

    /// <summary>It has to be waited for: from now on it is looked.</summary>
    public void Begin()
        => _timer ??= time.CreateTimer(
            static watch => ((BodyWatch)watch!).Look(), this, TimeSpan.FromSeconds(options.BodyIdleSeconds), TimeSpan.FromSeconds(options.BodyIdleSeconds));

    /// <summary>Something has come.</summary>
    public void Received(long bytes) => Interlocked.Add(ref _received, bytes);

    /// <inheritdoc />
    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        var received = Interlocked.Read(ref _received);
        if (received - Interlocked.Exchange(ref _seen, received) < LeastBytesASecond * options.BodyIdleSeconds
            || time.GetElapsedTime(_began).TotalSeconds >= options.BodySeconds)
        {
            // The pending read, or the next one, says so.
            body.CancelPendingRead();
        }
    }
}

using System.IO.Pipelines;

namespace ChunkStream.Http;

/// <summary>
/// Ends the reading of a body that has stopped coming, or comes too slowly. A server's own limit is an average: a body
/// that came fast at first may rest for hours.
/// </summary>
internal sealed class BodyWatch(PipeReader body, BodyLimits limits, TimeProvider time) : IDisposable
{
    // The same as Kestrel's own limit.
    private const double LeastBytesASecond = 240;

    private readonly long _began = time.GetTimestamp();
    private ITimer? _timer;
    private long _received;
    private long _seen;

    /// <summary>The body has to be waited for: from now on its progress is checked.</summary>
    public void Begin()
        => _timer ??= time.CreateTimer(
            static watch => ((BodyWatch)watch!).Look(),
            this,
            limits.Idle,
            limits.Idle);

    /// <summary>Some bytes have arrived.</summary>
    public void Received(long bytes) => Interlocked.Add(ref _received, bytes);

    /// <inheritdoc />
    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        var received = Interlocked.Read(ref _received);
        if (received - Interlocked.Exchange(ref _seen, received) < LeastBytesASecond * limits.Idle.TotalSeconds
            || time.GetElapsedTime(_began) >= limits.Whole)
        {
            // The pending read, or the next one, completes as cancelled.
            body.CancelPendingRead();
        }
    }
}

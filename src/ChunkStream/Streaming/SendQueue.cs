using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ChunkStream.Streaming;

/// <summary>
/// Waits until a connection's socket has sent what it was given, and decides what closing the connection does to the
/// rest.
/// </summary>
/// <remarks>
/// Kestrel passes on what was flushed as soon as the kernel takes it. So if the kernel has nothing to send at several
/// looks in a row, Kestrel has nothing to send either.
/// </remarks>
/// <param name="socket">The socket of the connection.</param>
/// <param name="time">Measures how long the reader takes.</param>
internal sealed class SendQueue(Socket socket, TimeProvider time)
{
    private const int Looks = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    // A reader that takes nothing at all for this long is not reading.
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(2);

    // The wait on systems that don't tell what a socket has to send: enough for what is on its way, if the network
    // works.
    private static readonly TimeSpan Guess = TimeSpan.FromSeconds(1);

    // TCP_INFO and the places of its fields, from <linux/tcp.h>.
    private const int TcpInfo = 11;
    private const int UnacknowledgedAt = 24;
    private const int AcknowledgedBytesAt = 120;
    private const int UnsentBytesAt = 144;
    private const int InfoBytes = 148;

    /// <summary>Decides whether closing the connection resets it, also when the process ends.</summary>
    public void ResetWhenClosed(bool reset)
    {
        try
        {
            socket.LingerState = new LingerOption(reset, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The socket is closed already.
        }
    }

    /// <summary>
    /// Waits until the kernel has sent everything, however slow the reader is, or until the reader leaves.
    /// </summary>
    public Task UntilSentAsync(CancellationToken left)
        => UntilAsync(queue => queue.Unsent == 0, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, left);

    /// <summary>
    /// Waits until the reader's machine has received everything, the limit is over, or the reader takes nothing for 2
    /// s.
    /// </summary>
    public Task UntilTakenAsync(TimeSpan limit, CancellationToken left)
        => UntilAsync(queue => queue is { Unsent: 0, Unacknowledged: 0 }, limit, StallLimit, left);

    private async Task UntilAsync(Func<Queue, bool> isDone, TimeSpan limit, TimeSpan stallLimit, CancellationToken left)
    {
        var (start, moved, acknowledged, pause) = (time.GetTimestamp(), time.GetTimestamp(), -1L, Pause);
        for (var looks = 0; looks < Looks && !left.IsCancellationRequested;)
        {
            if (Look() is not { } queue)
            {
                if (limit != Timeout.InfiniteTimeSpan)
                    await PauseAsync(Guess, left).ConfigureAwait(false);
                return;
            }

            if (queue.Acknowledged != acknowledged)
                (acknowledged, moved) = (queue.Acknowledged, time.GetTimestamp());
            if (IsOver(start, limit) || IsOver(moved, stallLimit))
                return;

            (looks, pause) = isDone(queue) ? (looks + 1, Pause) : (0, pause < LongestPause ? pause * 2 : LongestPause);
            await PauseAsync(pause, left).ConfigureAwait(false);
        }
    }

    private bool IsOver(long since, TimeSpan limit)
        => limit != Timeout.InfiniteTimeSpan && time.GetElapsedTime(since) >= limit;

    private async Task PauseAsync(TimeSpan pause, CancellationToken left)
        => await Task.Delay(pause, time, left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>
    /// Asks the kernel what it has to send; null if the system does not tell, or the socket is closed.
    /// </summary>
    private Queue? Look()
    {
        if (!OperatingSystem.IsLinux() || socket.ProtocolType is not ProtocolType.Tcp)
            return null;

        Span<byte> info = stackalloc byte[InfoBytes];
        try
        {
            return socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, TcpInfo, info) < InfoBytes
                ? null
                : new Queue(
                    MemoryMarshal.Read<uint>(info[UnacknowledgedAt..]),
                    MemoryMarshal.Read<uint>(info[UnsentBytesAt..]),
                    MemoryMarshal.Read<long>(info[AcknowledgedBytesAt..]));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <param name="Unacknowledged">How many TCP segments are on their way.</param>
    /// <param name="Unsent">How many bytes were not sent yet.</param>
    /// <param name="Acknowledged">How many bytes the reader's machine has received.</param>
    private readonly record struct Queue(uint Unacknowledged, uint Unsent, long Acknowledged);
}

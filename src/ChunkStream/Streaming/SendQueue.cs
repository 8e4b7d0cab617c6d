using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ChunkStream.Streaming;

/// <summary>What a connection's socket has still to send, and what becomes of it when the connection is closed.</summary>
/// <remarks>
/// Kestrel hands on at once what was flushed, for as long as the kernel takes it. So if the kernel has nothing to send, at two looks
/// or more, Kestrel has nothing either.
/// </remarks>
internal sealed class SendQueue(Socket socket, TimeProvider time)
{
    private const int Looks = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    // A reader that takes nothing at all for so long is not reading.
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(2);

    // Where the system does not tell: what is on its way arrives within that, or the network is in trouble anyhow.
    private static readonly TimeSpan Guess = TimeSpan.FromSeconds(1);

    // <linux/tcp.h>: TCP_INFO, and where its fields are.
    private const int TcpInfo = 11;
    private const int UnacknowledgedAt = 24;
    private const int AcknowledgedBytesAt = 120;
    private const int UnsentBytesAt = 144;
    private const int InfoBytes = 148;

    /// <summary>Whether closing the connection resets it, also when that is the end of the process.</summary>
    public void ResetWhenClosed(bool reset)
    {
        try
        {
            socket.LingerState = new LingerOption(reset, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    /// <summary>Waits until the kernel has sent everything, which may take a slow reader's time; or until the reader leaves.</summary>
    public Task UntilSentAsync(CancellationToken left)
        => UntilAsync(queue => queue.Unsent == 0, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, left);

    /// <summary>Waits until the reader's machine has everything, as long as it takes some of it now and then.</summary>
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

    private bool IsOver(long since, TimeSpan limit) => limit != Timeout.InfiniteTimeSpan && time.GetElapsedTime(since) >= limit;

    private async Task PauseAsync(TimeSpan pause, CancellationToken left)
        => await Task.Delay(pause, time, left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Null where the system does not tell, or the socket is closed.</summary>
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

    /// <param name="Unacknowledged">Segments that are on their way.</param>
    /// <param name="Unsent">Bytes that are not yet.</param>
    /// <param name="Acknowledged">Bytes that the reader's machine has.</param>
    private readonly record struct Queue(uint Unacknowledged, uint Unsent, long Acknowledged);
}

using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ChunkStream.Streaming;

/// <summary>
/// Limits how much of a slow reader's stream the kernel buffers. Without the limit it takes megabytes for each
/// connection, for which the database has worked and which nobody may ever read. With it, the kernel takes what is in
/// flight and little more.
/// </summary>
/// <remarks>A fast reader loses nothing: the limit is on what was not sent yet, not on what is in flight.</remarks>
internal static class UnsentLimit
{
    // What a gigabit a second sends in a millisecond, which is time enough to wake up the sender. Measured: no slower
    // than without the limit, and a quarter less work for 200 slow readers.
    private const int Bytes = 128 * 1024;

    // TCP_NOTSENT_LOWAT from <netinet/tcp.h>. Windows has no such option, but buffers less anyway.
    private const int LinuxOption = 25;
    private const int MacOption = 0x201;

    /// <summary>Limits the sockets that Kestrel accepts.</summary>
    /// <param name="sockets">The options of Kestrel's sockets.</param>
    public static void Configure(SocketTransportOptions sockets)
    {
        var create = sockets.CreateBoundListenSocket;
        sockets.CreateBoundListenSocket = endpoint =>
        {
            var socket = create(endpoint);

            // Accepted sockets inherit the option from the listening one.
            if (socket.ProtocolType is ProtocolType.Tcp && Option() is { } option)
                socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, option, BitConverter.GetBytes(Bytes));
            return socket;
        };
    }

    private static int? Option()
        => OperatingSystem.IsLinux() ? LinuxOption : OperatingSystem.IsMacOS() ? MacOption : null;
}

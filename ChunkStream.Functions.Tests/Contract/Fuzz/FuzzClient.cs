using System.Net.Sockets;
using System.Text;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>Sends any bytes, whether they are a request or not, and gives the answer.</summary>
internal static class FuzzClient
{
    // The rest of a long answer is read and dropped.
    private const int MostKept = 256 * 1024;

    private const int SomeBytes = 2000;
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(50);

    /// <summary>Sends it on a connection of its own.</summary>
    /// <returns>What came, each byte as a character, and whether it is all that came.</returns>
    /// <exception cref="TimeoutException">The server neither answers nor closes the connection.</exception>
    public static async Task<(string Text, bool IsAll)> SendAsync(Uri server, FuzzRequest request)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port).Within();

        // The server may answer before it has received everything, and then take no more.
        var sending = socket.SendAsync(request.Bytes);
        if (request.Leaving is Leaving.AtOnce or Leaving.AfterSilence)
        {
            await sending.Within();
            if (request.Leaving is Leaving.AfterSilence)
                await Task.Delay(Silence);
            else
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            return ("", false);
        }

        if (request.Leaving is Leaving.AfterHalfClose)
        {
            await sending.Within();
            socket.Shutdown(SocketShutdown.Send);
        }

        var read = await ReadAsync(socket, request.Leaving is Leaving.AfterSome ? SomeBytes : int.MaxValue);
        await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return read;
    }

    private static async Task<(string Text, bool IsAll)> ReadAsync(Socket socket, int most)
    {
        var (got, read, buffer) = (new StringBuilder(), 0L, new byte[64 * 1024]);
        try
        {
            while (read < most)
            {
                var length = await socket.ReceiveAsync(buffer).Within();
                if (length == 0)
                    return (got.ToString(), read == got.Length);
                read += length;
                got.Append(Encoding.Latin1.GetString(buffer, 0, Math.Min(length, MostKept - got.Length)));
            }
        }
        catch (SocketException)
        {
            // The connection was cut, or the server refused to read more.
        }

        return (got.ToString(), false);
    }
}

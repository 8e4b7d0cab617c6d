using System.Net.Sockets;
using System.Text;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>What a client on a bare socket got of a response, and how the connection ended.</summary>
/// <param name="Text">Head and body, chunk sizes included.</param>
/// <param name="IsReset">Whether it was reset; else it was closed, which for HTTP/1.0 is the end of the body.</param>
internal sealed record RawEnd(string Text, bool IsReset)
{
    public bool HasLastChunk => Text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal);

    /// <summary>
    /// Whether it ended in the middle of a chunk. libsoup, and with it WebKitGTK, takes an end between two chunks for
    /// the end of the body.
    /// </summary>
    public bool IsInsideChunk => Text.EndsWith("\r\n1\r\n", StringComparison.Ordinal);

    /// <summary>Whether a client of the request's HTTP version takes the response for a complete one.</summary>
    public bool LooksWhole
        => !IsReset && (!Text.Contains("\r\nTransfer-Encoding: chunked\r\n", StringComparison.Ordinal) || HasLastChunk);

    /// <summary>Connects.</summary>
    public static async Task<Socket> ConnectAsync(Uri server)
    {
        // The buffer is small, so that what a test does not read stays with the server.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8 * 1024 };
        await socket.ConnectAsync(server.Host, server.Port).Within();
        return socket;
    }

    /// <summary>Connects and sends a GET.</summary>
    /// <param name="server">The server that is asked.</param>
    /// <param name="path">The path that is asked for.</param>
    /// <param name="version"><c>1.0</c> or <c>1.1</c>.</param>
    /// <param name="headers">More headers, each with its line break.</param>
    public static async Task<Socket> AskAsync(Uri server, string path, string version, string headers = "")
    {
        var socket = await ConnectAsync(server);
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET {path} HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n"));
        return socket;
    }

    /// <summary>Reads until some text has come; gives all that has.</summary>
    public static async Task<string> ReadUntilAsync(Socket socket, string text)
    {
        var (got, buffer) = ("", new byte[4 * 1024]);
        while (!got.Contains(text, StringComparison.Ordinal))
        {
            var length = await socket.ReceiveAsync(buffer).Within();
            Assert.NotEqual(0, length);
            got += Encoding.ASCII.GetString(buffer, 0, length);
        }

        return got;
    }

    /// <summary>Reads to the end of the connection.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="pauses">How long to wait after each piece.</param>
    /// <param name="begun">What was read before.</param>
    public static async Task<RawEnd> ReadAsync(Socket socket, TimeSpan pauses = default, string begun = "")
    {
        var (got, buffer) = (new StringBuilder(begun), new byte[64 * 1024]);
        while (true)
        {
            try
            {
                var length = await socket.ReceiveAsync(buffer).Within();
                if (length == 0)
                    return new RawEnd(got.ToString(), IsReset: false);
                got.Append(Encoding.Latin1.GetString(buffer, 0, length));
            }
            catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset)
            {
                return new RawEnd(got.ToString(), IsReset: true);
            }

            if (pauses > TimeSpan.Zero)
                await Task.Delay(pauses);
        }
    }
}

using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>Sends the exact bytes of a request that an HTTP client would correct or refuse to send.</summary>
internal static class RawRequest
{
    /// <summary>Sends it, and reads the response to the connection's end.</summary>
    /// <param name="server">The server that is asked.</param>
    /// <param name="head">The request line and headers, without Host and Connection.</param>
    /// <param name="body">What follows.</param>
    /// <param name="encoding">How the head becomes bytes; UTF-8 if not given.</param>
    public static async Task<RawResponse> SendAsync(
        Uri server, string head, byte[]? body = null, Encoding? encoding = null)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Host, server.Port).Within();
        var lines = head.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var text = string.Join("\r\n", [lines[0], "Host: localhost", "Connection: close", .. lines[1..], "", ""]);
        await socket.SendAsync((encoding ?? Encoding.UTF8).GetBytes(text));

        // The server may answer before it has received everything, and then take no more.
        var sending = body is null ? Task.CompletedTask : socket.SendAsync(body);
        var response = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer).Within() is > 0 and var length)
                response.Write(buffer, 0, length);
        }
        catch (SocketException) when (response.Length > 0)
        {
            // A server that leaves bytes unread ends the connection with a reset.
        }

        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new RawResponse(Encoding.UTF8.GetString(response.ToArray()));
    }
}

/// <summary>What came back.</summary>
internal sealed record RawResponse(string Text)
{
    public int Status
        => Text.Length == 0 ? 0 : int.Parse(Text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    public JsonNode Problem => JsonNode.Parse(Text[Text.IndexOf("\r\n\r\n", StringComparison.Ordinal)..])!;
}

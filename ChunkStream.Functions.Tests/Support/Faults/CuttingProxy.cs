using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// Stands before a server and cuts each connection after a number of bytes of the response, as a dying proxy, a lost
/// network or a restarted server would.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    // The wait for a client that keeps its connection although the response was cut.
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Uri _server;
    private readonly Task _accepting;

    public CuttingProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>After how many bytes of each response to cut.</summary>
    public long CutAfter { get; set; } = long.MaxValue;

    /// <summary>
    /// The time between the last bytes and the cut. At a cut, clients drop what they have not decompressed yet.
    /// </summary>
    public TimeSpan CutDelay { get; set; }

    /// <summary>Bytes of the response that was passed on last.</summary>
    public long Passed { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        // One after another: a test asks, reads to the cut, and asks again.
        while (!_closing.IsCancellationRequested)
        {
            using var client = await _listener.AcceptSocketAsync(_closing.Token);
            using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await server.ConnectAsync(_server.Host, _server.Port, _closing.Token);
            var asking = AskAsync(client, server);
            Passed = await CopyAsync(server, client, CutAfter);

            await Task.Delay(CutDelay);
            await EndAsync(client, asking);
            server.Close();
            await asking;
        }
    }

    // If the client leaves an idle connection, the server is told at once, and need not time out.
    private static async Task AskAsync(Socket client, Socket server)
    {
        await CopyAsync(client, server, long.MaxValue);
        server.Close();
    }

    // Closing while the client may still send would reset the connection, and bytes that were passed on would be lost.
    private static async Task EndAsync(Socket client, Task asking)
    {
        try
        {
            client.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It has left.
        }

        await asking.WaitAsync(CloseLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        client.Close();
    }

    private static async Task<long> CopyAsync(Socket from, Socket to, long limit)
    {
        var buffer = new byte[16 * 1024];
        var passed = 0L;
        try
        {
            while (passed < limit)
            {
                var length = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit - passed)));
                if (length == 0)
                    break;
                await to.SendAsync(buffer.AsMemory(0, length));
                passed += length;
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side has closed.
        }

        return passed;
    }
}

using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// Stands before Postgres and loses each request to cancel, which is a connection of its own: as Postgres itself does with
/// one that comes while the backend waits for a command.
/// </summary>
internal sealed class CancelLosingProxy : IDisposable
{
    // CancelRequest: its length, this code, and a process and its key.
    private static readonly byte[] CancelCode = [0x04, 0xd2, 0x16, 0x2e];
    private const int MostBytesOfRequest = 12 + 256;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;
    private int _lost;

    public CancelLosingProxy(int serverPort)
    {
        _server = serverPort;
        _listener.Start();

        // Threads of its own: Npgsql blocks those of the pool while it asks to cancel.
        Run(Accept);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Requests that were lost.</summary>
    public int Lost => _lost;

    public void Dispose() => _listener.Dispose();

    private static void Run(Action work) => new Thread(() =>
    {
        try
        {
            work();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One side has closed.
        }
    })
    { IsBackground = true }.Start();

    private void Accept()
    {
        while (true)
        {
            var client = _listener.AcceptSocket();
            var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
            server.Connect(IPAddress.Loopback, _server);
            Run(() => Copy(client, server));
            Run(() => Copy(server, client));
        }
    }

    private void Copy(Socket from, Socket to)
    {
        using (from)
        using (to)
        {
            var buffer = new byte[16 * 1024];
            while (from.Receive(buffer) is > 0 and var length)
            {
                if (length is >= 12 and <= MostBytesOfRequest && buffer.AsSpan(4, 4).SequenceEqual(CancelCode))
                {
                    Interlocked.Increment(ref _lost);
                    return;
                }

                to.Send(buffer.AsSpan(0, length));
            }
        }
    }
}

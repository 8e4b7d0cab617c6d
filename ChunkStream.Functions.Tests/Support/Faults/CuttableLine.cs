using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// Stands before a server and passes on any number of connections until it is told to cut the open ones. To clients
/// with several connections, such as browsers, this is a lost network.
/// </summary>
internal sealed class CuttableLine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<Socket, Task> _open = new();
    private readonly Uri _server;
    private readonly Task _accepting;

    private long _passed;
    private long _cutAt = long.MaxValue;
    private int _cuts;

    public CuttableLine(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How often it was cut after so many bytes.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Cuts all connections each time that so many bytes more have come from the server.</summary>
    public long CutEvery { get; set; } = long.MaxValue;

    /// <summary>Can change what has come from the server before it is passed on.</summary>
    public Action<Memory<byte>>? Passing { get; init; }

    /// <summary>Cuts all connections that are open; later ones live.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
            socket.Close(0);
    }

    /// <summary>Begins to count to <see cref="CutEvery"/>.</summary>
    public void CutFromNowOn(long every)
    {
        CutEvery = every;
        Volatile.Write(ref _cutAt, Volatile.Read(ref _passed) + every);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_open.Values);
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            var client = await _listener.AcceptSocketAsync(_closing.Token);
            _open[client] = Task.CompletedTask;
            _open[client] = PassAsync(client);
        }
    }

    private async Task PassAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_server.Host, _server.Port);
            await Task.WhenAny(CopyAsync(client, server, counts: false), CopyAsync(server, client, counts: true));
        }
        finally
        {
            client.Close(0);
            _open.TryRemove(client, out _);
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool counts)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var length)
            {
                if (counts)
                    Passing?.Invoke(buffer.AsMemory(0, length));
                await to.SendAsync(buffer.AsMemory(0, length));
                if (counts && Interlocked.Add(ref _passed, length) >= Volatile.Read(ref _cutAt))
                {
                    Interlocked.Increment(ref _cuts);
                    Volatile.Write(ref _cutAt, Volatile.Read(ref _passed) + CutEvery);
                    Cut();
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Cut, or left.
        }
    }
}

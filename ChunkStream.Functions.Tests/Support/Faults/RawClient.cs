using System.Net.Sockets;
using System.Text;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// A client on a bare socket with small buffers: it reads when it is told to, or not at all, and leaves when it likes.
/// </summary>
internal sealed class RawClient : IDisposable
{
    // Small, so that what a test does not read stays with the server, and not in the kernel.
    private const int SocketBufferBytes = 8 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp)
    {
        ReceiveBufferSize = SocketBufferBytes,
    };
    private readonly byte[] _buffer = new byte[SocketBufferBytes];

    /// <summary>All that was read so far: head and body.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Sends a GET and reads nothing.</summary>
    public static async Task<RawClient> GetAsync(Uri server, string path)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(server.Host, server.Port).WaitAsync(Bounded.Limit);
        await client._socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        return client;
    }

    /// <summary>What has arrived, at least a byte; empty at the connection's end.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(int atMost = SocketBufferBytes)
    {
        var length = await _socket.ReceiveAsync(_buffer.AsMemory(0, Math.Min(atMost, _buffer.Length))).Within();
        BytesRead += length;
        return _buffer.AsMemory(0, length);
    }

    /// <summary>Reads until so many bytes are there, or the connection ends.</summary>
    public async Task ReadBytesAsync(long count)
    {
        while (BytesRead < count && !(await ReadAsync()).IsEmpty)
        {
        }
    }

    /// <summary>
    /// Reads to the connection's end. Gives how often a byte occurs in what was left, and whether the body was
    /// complete.
    /// </summary>
    public async Task<(long Count, bool Whole)> CountToEndAsync(byte value)
    {
        var (count, tail) = (0L, Array.Empty<byte>());
        while (await ReadAsync() is { IsEmpty: false } piece)
        {
            count += piece.Span.Count(value);
            tail = [.. tail.Concat(piece.ToArray()).TakeLast(16)];
        }

        return (count, Encoding.ASCII.GetString(tail).EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));
    }

    /// <summary>Leaves.</summary>
    public void Dispose() => _socket.Dispose();
}

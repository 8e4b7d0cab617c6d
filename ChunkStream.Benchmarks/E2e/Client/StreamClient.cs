using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>What a client has read.</summary>
/// <param name="Records">Records, counted by their mark.</param>
/// <param name="Bytes">Bytes of the body, as they came.</param>
/// <param name="FirstByte">From before the connection to the body's first byte.</param>
/// <param name="Wall">From before the connection to the body's clean end.</param>
internal sealed record StreamRead(long Records, long Bytes, TimeSpan FirstByte, TimeSpan Wall);

/// <summary>
/// A client on a bare loopback socket, the same for every server: it counts, and does no more, since it shares the
/// machine with what is measured.
/// </summary>
internal static class StreamClient
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Asks for a stream and reads it to its end.</summary>
    /// <exception cref="InvalidDataException">The answer is not what was asked for, or it was cut off.</exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    public static async Task<StreamRead> ReadAsync(int port, StreamRequest request, CancellationToken cancellation)
    {
        var counter = new MarkCounter(request.Mark);
        using var compressed = request.Encoding is { } encoding ? new CompressedBody(encoding) : null;
        var decoder = new ChunkedDecoder(compressed is null ? counter : compressed);

        var start = Stopwatch.GetTimestamp();
        var first = await ReadAsync(port, request, decoder, cancellation);
        var end = Stopwatch.GetTimestamp();

        compressed?.CopyTo(counter);
        return new StreamRead(
            counter.Count - request.MarksBeside,
            decoder.Bytes,
            Stopwatch.GetElapsedTime(start, first),
            Stopwatch.GetElapsedTime(start, end));
    }

    /// <summary>Opens a connection and sends the request.</summary>
    /// <param name="port">The server's port on 127.0.0.1.</param>
    /// <param name="request">The request.</param>
    /// <param name="receiveBuffer">The kernel's buffer for what is not read, in bytes; 0 for its own choice.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<Socket> SendAsync(
        int port, StreamRequest request, int receiveBuffer, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (receiveBuffer > 0)
                socket.ReceiveBufferSize = receiveBuffer;
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
            await socket.SendAsync(request.ToBytes(), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads to the body's end, and gives when its first byte came.</summary>
    private static async Task<long> ReadAsync(
        int port, StreamRequest request, ChunkedDecoder decoder, CancellationToken cancellation)
    {
        using var socket = await SendAsync(port, request, receiveBuffer: 0, cancellation);
        var buffer = new byte[BufferBytes];
        var first = 0L;
        for (var pending = await ReadHeadAsync(socket, request, buffer, cancellation); ;)
        {
            decoder.Take(pending.Span);
            if (first == 0 && decoder.Bytes > 0)
                first = Stopwatch.GetTimestamp();
            if (decoder.IsEnded)
                return first;

            pending = buffer.AsMemory(0, await socket.ReceiveAsync(buffer, cancellation));
            if (pending.IsEmpty)
                throw new InvalidDataException($"The body was cut off after {decoder.Bytes} bytes.");
        }
    }

    /// <summary>Reads the head, and gives what has come of the body with it.</summary>
    public static async Task<Memory<byte>> ReadHeadAsync(
        Socket socket, StreamRequest request, byte[] buffer, CancellationToken cancellation)
    {
        for (var read = 0; ;)
        {
            var more = await socket.ReceiveAsync(buffer.AsMemory(read), cancellation);
            if (more == 0)
                throw new InvalidDataException("The connection was closed before the response's head had come.");

            read += more;
            if (ResponseHead.LengthIn(buffer.AsSpan(0, read)) is var length and > 0)
            {
                ResponseHead.Check(buffer.AsSpan(0, length), request.Encoding);
                return buffer.AsMemory(length, read - length);
            }
        }
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>What a client has read.</summary>
/// <param name="Records">How many records there were, counted by their mark.</param>
/// <param name="Bytes">How many bytes the body had on the wire.</param>
/// <param name="FirstByte">The time from before the connection to the first byte of the body.</param>
/// <param name="Wall">The time from before the connection to the clean end of the body.</param>
internal sealed record StreamRead(long Records, long Bytes, TimeSpan FirstByte, TimeSpan Wall);

/// <summary>
/// A client on a bare loopback socket, the same for every server. It only counts, because it shares the machine with
/// what is measured. For the same reason each stream is read by a thread of its own, which the kernel wakes: reads that
/// go through the thread pool cost the machine several times as much.
/// </summary>
internal static class StreamClient
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Asks for a stream and reads it to its end.</summary>
    /// <exception cref="InvalidDataException">The answer is not what was asked for, or it was cut off.</exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    public static Task<StreamRead> ReadAsync(int port, StreamRequest request, CancellationToken cancellation) =>
        Task.Factory.StartNew(
            () => Read(port, request, cancellation),
            cancellation,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static StreamRead Read(int port, StreamRequest request, CancellationToken cancellation)
    {
        var counter = new MarkCounter(request.Mark);
        using var compressed = request.Encoding is { } encoding ? new CompressedBody(encoding) : null;
        var decoder = new ChunkedDecoder(compressed is null ? counter : compressed);

        var start = Stopwatch.GetTimestamp();
        var first = ReadToEnd(port, request, decoder, cancellation);
        var end = Stopwatch.GetTimestamp();

        compressed?.CopyTo(counter);
        return new StreamRead(
            counter.Count - request.MarksBeside,
            decoder.Bytes,
            Stopwatch.GetElapsedTime(start, first),
            Stopwatch.GetElapsedTime(start, end));
    }

    /// <summary>Reads to the end of the body, and returns when its first byte came.</summary>
    private static long ReadToEnd(
        int port, StreamRequest request, ChunkedDecoder decoder, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        // A read that waits in the kernel then fails, as it does on a connection that is cut.
        using var leaving = cancellation.Register(socket.Dispose);
        try
        {
            socket.Send(request.ToBytes());
            return ReadToEnd(socket, request, decoder);
        }
        catch (Exception e) when (cancellation.IsCancellationRequested && IsLeft(e))
        {
            throw new OperationCanceledException(e.Message, e, cancellation);
        }
    }

    private static bool IsLeft(Exception e) => e is SocketException or ObjectDisposedException or InvalidDataException;

    private static long ReadToEnd(Socket socket, StreamRequest request, ChunkedDecoder decoder)
    {
        var buffer = new byte[BufferBytes];
        var first = 0L;
        for (var pending = ReadHead(socket, request, buffer); ;)
        {
            decoder.Take(pending.Span);
            if (first == 0 && decoder.Bytes > 0)
                first = Stopwatch.GetTimestamp();
            if (decoder.IsEnded)
                return first;

            pending = buffer.AsMemory(0, socket.Receive(buffer));
            if (pending.IsEmpty)
                throw new InvalidDataException($"The body was cut off after {decoder.Bytes} bytes.");
        }
    }

    /// <summary>Reads the head, and returns what has come of the body with it.</summary>
    private static Memory<byte> ReadHead(Socket socket, StreamRequest request, byte[] buffer)
    {
        for (var read = 0; ;)
        {
            var more = socket.Receive(buffer.AsSpan(read));
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

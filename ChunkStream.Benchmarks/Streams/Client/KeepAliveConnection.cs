using System.Net;
using System.Net.Sockets;
using System.Text;
using ChunkStream.Benchmarks.E2e.Client;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>
/// A connection for one request after another. The thread that sends a request waits for its answer: no other client
/// costs the machine less.
/// </summary>
internal sealed class KeepAliveConnection : IDisposable
{
    private const int BufferBytes = 256 * 1024;

    private readonly Socket _socket =
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer;
    private readonly CancellationTokenRegistration _leaving;
    private int _start;
    private int _end;

    public KeepAliveConnection(int port, CancellationToken cancellation, int bufferBytes = BufferBytes)
    {
        _buffer = new byte[bufferBytes];
        _socket.Connect(IPAddress.Loopback, port);
        // A read that waits in the kernel then fails.
        _leaving = cancellation.Register(_socket.Dispose);
    }

    /// <summary>The bytes of a request.</summary>
    public static byte[] Request(
        string method, string path, string? contentType = null, ReadOnlySpan<byte> body = default)
    {
        var type = contentType is null ? "" : $"Content-Type: {contentType}\r\n";
        return
        [
            .. Encoding.ASCII.GetBytes(
                $"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{type}Content-Length: {body.Length}\r\n\r\n"),
            .. body,
        ];
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <param name="request">The request's bytes.</param>
    /// <param name="sink">Takes the body.</param>
    /// <returns>The answer's head, valid until the next call.</returns>
    /// <exception cref="InvalidDataException">The answer is not a success, or breaks off.</exception>
    public ReadOnlySpan<byte> Exchange(ReadOnlySpan<byte> request, IBodySink? sink = null)
    {
        var head = Begin(request);
        if (head.IsChunked)
        {
            var decoder = new ChunkedDecoder(sink ?? new NoSink());
            while (!decoder.IsEnded)
                decoder.Take(Take(int.MaxValue));
        }
        else
        {
            for (var left = head.ContentLength; left > 0;)
            {
                var taken = Take(left);
                sink?.Take(taken);
                left -= taken.Length;
            }
        }

        return head.Bytes;
    }

    /// <summary>
    /// Sends a request and reads the head of the answer; <see cref="Take"/> gives what follows.
    /// </summary>
    public AnswerHead Begin(ReadOnlySpan<byte> request)
    {
        _socket.Send(request);
        int length;
        while ((length = ResponseHead.LengthIn(_buffer.AsSpan(_start, _end - _start))) == 0)
            Receive();
        // This is a copy, because the body is read into the same memory.
        var head = new AnswerHead(_buffer.AsSpan(_start, length).ToArray());
        _start += length;
        head.RequireSuccess();
        return head;
    }

    /// <summary>Waits for the next bytes, at least one. They are valid until the next call.</summary>
    public ReadOnlySpan<byte> Take(long most)
    {
        if (_start == _end)
            Receive();
        var taken = _buffer.AsSpan(_start, (int)Math.Min(most, _end - _start));
        _start += taken.Length;
        return taken;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Dispose();
        _socket.Dispose();
    }

    private void Receive()
    {
        if (_start == _end)
            (_start, _end) = (0, 0);
        if (_end == _buffer.Length)
            throw new InvalidDataException("The answer's head is too long.");
        var read = _socket.Receive(_buffer.AsSpan(_end));
        if (read == 0)
            throw new InvalidDataException("The connection was closed in the middle of an answer.");
        _end += read;
    }

    private sealed class NoSink : IBodySink
    {
        public void Take(ReadOnlySpan<byte> bytes)
        {
        }
    }
}

using System.Net;
using System.Net.Sockets;
using ChunkStream.Benchmarks.E2e.Client;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>
/// Many readers that follow one stream, and cost as much as a few, because none of them waits. One loop looks at their
/// sockets in turn, some times a second, and takes what has arrived. Each reader checks that every message comes, once
/// and in order.
/// </summary>
internal sealed class ManyTails : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Tail[] _tails;
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Returns once all readers follow the stream.</summary>
    /// <exception cref="InvalidDataException">The server did not accept all of them.</exception>
    public ManyTails(int count, int port, string path, CancellationToken cancellation)
    {
        _tails = new Tail[count];
        var request = StreamPaths.Follow(path);
        try
        {
            for (var i = 0; i < count; i++)
                _tails[i] = new Tail(port, request);
            while (!Array.TrueForAll(_tails, tail => tail.Follows))
                Ask(cancellation);
        }
        catch (Exception e)
        {
            Dispose();
            if (e is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets })
            {
                throw new InvalidDataException(
                    $"The system lets a process have too few open files for {count} readers: raise ulimit -n.", e);
            }
            throw;
        }
    }

    /// <summary>Reads until each reader has all messages before a number.</summary>
    public void ReadUntil(int end, CancellationToken cancellation)
    {
        while (!Array.TrueForAll(_tails, tail => tail.Next >= end))
            Ask(cancellation);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var tail in _tails)
            tail?.Dispose();
    }

    private void Ask(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        foreach (var tail in _tails)
            tail.Ask(_buffer);
        Thread.Sleep(Pause);
    }

    private sealed class Tail : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly NumberedMessages _messages = new(first: 0);
        private readonly ChunkedDecoder _decoder;
        private bool _hasHead;

        public Tail(int port, byte[] request)
        {
            _decoder = new ChunkedDecoder(_messages);
            _socket.Connect(IPAddress.Loopback, port);
            _socket.Send(request);
            _socket.Blocking = false;
        }

        public bool Follows => _decoder.Bytes > 0;

        public int Next => _messages.Next;

        public void Ask(byte[] buffer)
        {
            int read;
            do
            {
                read = _socket.Receive(buffer, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock)
                    return;
                if (error != SocketError.Success)
                    throw new SocketException((int)error);
                if (read == 0 || _decoder.IsEnded)
                    throw new InvalidDataException($"A response ended before message {_messages.Next} had come.");
                Take(buffer.AsSpan(0, read));
            }
            while (read == buffer.Length);
        }

        public void Dispose() => _socket.Dispose();

        private void Take(ReadOnlySpan<byte> bytes)
        {
            if (!_hasHead)
            {
                // It comes as a whole, because it is sent at once.
                var length = ResponseHead.LengthIn(bytes);
                new AnswerHead(bytes[..length]).RequireSuccess();
                bytes = bytes[length..];
                _hasHead = true;
            }

            _decoder.Take(bytes);
        }
    }
}

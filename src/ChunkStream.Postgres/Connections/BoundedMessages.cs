using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The stream from which Npgsql reads what a server sends, with a bound on the size of each message. Npgsql holds a
/// message, such as a row, as a whole, and takes memory for it as soon as it knows the length. This stream knows the
/// length first: it passes on what came before a message that is too large, and then fails instead of giving the first
/// byte of that message.
/// </summary>
/// <remarks>
/// A message is 1 byte that tells its kind, 4 bytes of length, which count themselves but not the kind, and the rest
/// (Postgres, "Message Flow"). Only the lengths are looked at. A message that is refused is not received any further
/// than it takes to name the column of a row.
/// </remarks>
/// <param name="server">The connection's stream, inside of TLS.</param>
/// <param name="most">How many bytes a message has at most, without kind and length.</param>
internal sealed class BoundedMessages(Stream server, int most) : Stream
{
    private const int HeaderBytes = 1 + sizeof(int);

    private readonly byte[] _header = new byte[HeaderBytes];
    private int _headerBytes;
    private int _rest;
    private OversizeMessage? _refused;

    /// <summary>
    /// Bounds the messages of an open connection from now on. It must be called between two statements.
    /// </summary>
    public static void Enable(NpgsqlConnection connection, int most)
    {
        var buffer = NpgsqlMembers.Loaded.ReadBuffer.GetValue(NpgsqlMembers.Loaded.Connector.GetValue(connection))!;
        if (NpgsqlMembers.Loaded.Underlying.GetValue(buffer) is not Stream server || server is BoundedMessages)
            return;
        var messages = new BoundedMessages(server, most);

        // After "ready for query" the server may have sent something of its own accord, such as a setting that has
        // changed.
        messages.Pass(NpgsqlMembers.Loaded.Unread.GetMethod!.CreateDelegate<Func<ReadOnlySpan<byte>>>(buffer)());
        NpgsqlMembers.Loaded.Underlying.SetValue(buffer, messages);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc />
    /// <exception cref="MessageTooLargeException">The next message is larger than it may be.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_refused is null)
        {
            var read = await server.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            var passed = Pass(buffer.Span[..read]);
            if (_refused is null || passed > 0)
                return passed;
        }

        var column = await _refused.ColumnAsync(server, most, cancellationToken).ConfigureAwait(false);
        throw new MessageTooLargeException(column, most);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    /// <exception cref="MessageTooLargeException">The next message is larger than it may be.</exception>
    public override int Read(byte[] buffer, int offset, int count)
        => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Follows the messages. Returns how many of the bytes come before a message that is too large.</summary>
    private int Pass(ReadOnlySpan<byte> bytes)
    {
        var (at, rest) = (0, _rest);
        while (rest < bytes.Length - at)
        {
            at += rest;
            var start = at;
            ReadOnlySpan<byte> header;
            if (_headerBytes == 0 && bytes.Length - at >= HeaderBytes)
            {
                header = bytes.Slice(at, HeaderBytes);
                at += HeaderBytes;
            }
            else
            {
                // Only a part of the header has come.
                var part = bytes.Slice(at, Math.Min(HeaderBytes - _headerBytes, bytes.Length - at));
                part.CopyTo(_header.AsSpan(_headerBytes));
                _headerBytes = (_headerBytes + part.Length) % HeaderBytes;
                at += part.Length;
                if (_headerBytes > 0)
                {
                    rest = 0;
                    break;
                }

                header = _header;
            }

            rest = BinaryPrimitives.ReadInt32BigEndian(header[1..]) - sizeof(int);
            if ((uint)rest > (uint)most)
            {
                _refused = new OversizeMessage(header[0], bytes[at..].ToArray());
                return start;
            }
        }

        _rest = rest - (bytes.Length - at);
        return bytes.Length;
    }
}

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// What a server sends on a connection, as long as each of its messages keeps to a bound. Npgsql holds a message, such
/// as a row, as a whole, and takes memory for it as soon as it knows the length. This stream knows it first: it passes
/// on what came before a message that is too large, and then fails instead of giving its first byte.
/// </summary>
/// <remarks>
/// A message is its kind in 1 byte, its length with these 4 bytes but without the kind, and as many bytes (Postgres,
/// "Message Flow"). Only the lengths are looked at. A message that is refused is not received any further than it takes
/// to name the column of a row.
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

    /// <summary>Has an open connection keep to the bound from now on. To be called between two statements.</summary>
    public static void Enable(NpgsqlConnection connection, int most)
    {
        var buffer = NpgsqlMembers.ReadBuffer.GetValue(NpgsqlMembers.Connector.GetValue(connection))!;
        if (NpgsqlMembers.Underlying.GetValue(buffer) is not Stream server || server is BoundedMessages)
            return;
        var messages = new BoundedMessages(server, most);

        // After "ready for query" the server may have sent more, such as that a setting has changed.
        messages.Pass(NpgsqlMembers.Unread.GetMethod!.CreateDelegate<Func<ReadOnlySpan<byte>>>(buffer)());
        NpgsqlMembers.Underlying.SetValue(buffer, messages);
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

    /// <summary>Follows the messages; gives how many of the bytes come before one that is too large.</summary>
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
                // The header comes in pieces.
                var piece = bytes.Slice(at, Math.Min(HeaderBytes - _headerBytes, bytes.Length - at));
                piece.CopyTo(_header.AsSpan(_headerBytes));
                _headerBytes = (_headerBytes + piece.Length) % HeaderBytes;
                at += piece.Length;
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

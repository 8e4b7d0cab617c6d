using System.Buffers.Binary;

namespace ChunkStream.Postgres.Connections;

/// <summary>A message of which only the beginning has been received.</summary>
/// <param name="kind">The message's kind, its first byte.</param>
/// <param name="begun">The bytes of it that have been received, without kind and length.</param>
internal sealed class OversizeMessage(byte kind, byte[] begun)
{
    private const byte DataRow = (byte)'D';
    private const int ScratchBytes = 64 * 1024;

    private ReadOnlyMemory<byte> _begun = begun;

    /// <summary>
    /// Finds the column with which a row becomes larger than it may be. It skips the values before that column, and
    /// reads no further than the length that shows it. Null if the message is not a row.
    /// </summary>
    /// <param name="server">The stream from which the rest of the message is read.</param>
    /// <param name="most">How many bytes a row has at most.</param>
    /// <param name="cancellation">When it is cancelled, the reading ends.</param>
    public async Task<int?> ColumnAsync(Stream server, int most, CancellationToken cancellation)
    {
        if (kind != DataRow)
            return null;

        // The number of columns in 2 bytes; then for each value its length in 4 bytes (-1 for null) and its bytes.
        var scratch = new byte[ScratchBytes];
        await FillAsync(server, scratch.AsMemory(0, sizeof(short)), cancellation).ConfigureAwait(false);
        var columns = BinaryPrimitives.ReadInt16BigEndian(scratch);
        var bytes = (long)sizeof(short);
        for (var column = 0; column < columns; column++)
        {
            await FillAsync(server, scratch.AsMemory(0, sizeof(int)), cancellation).ConfigureAwait(false);
            var length = Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(scratch));
            bytes += sizeof(int) + length;
            if (bytes > most)
                return column;
            for (int part; length > 0; length -= part)
            {
                part = Math.Min(length, ScratchBytes);
                await FillAsync(server, scratch.AsMemory(0, part), cancellation).ConfigureAwait(false);
            }
        }

        return null;
    }

    private async ValueTask FillAsync(Stream server, Memory<byte> target, CancellationToken cancellation)
    {
        var here = Math.Min(target.Length, _begun.Length);
        _begun[..here].CopyTo(target);
        _begun = _begun[here..];
        await server.ReadExactlyAsync(target[here..], cancellation).ConfigureAwait(false);
    }
}

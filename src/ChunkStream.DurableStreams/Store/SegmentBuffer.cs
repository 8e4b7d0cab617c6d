using System.Buffers;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// The memory in which a segment of a stream is put together. It is used for one segment after another.
/// </summary>
internal sealed class SegmentBuffer : IDisposable
{
    private byte[] _bytes = [];
    private int _length;

    /// <summary>What was added. Valid until <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Data => _bytes.AsMemory(0, _length);

    /// <summary>Begins a new segment.</summary>
    public void Clear() => _length = 0;

    /// <summary>Adds a byte.</summary>
    public void Add(byte value)
    {
        Reserve(1);
        _bytes[_length++] = value;
    }

    /// <summary>Adds all that a stream of known length has.</summary>
    public async ValueTask AddAsync(Stream value, CancellationToken cancellation)
    {
        var length = checked((int)value.Length);
        Reserve(length);
        await value.ReadExactlyAsync(_bytes.AsMemory(_length, length), cancellation).ConfigureAwait(false);
        _length += length;
    }

    /// <inheritdoc />
    public void Dispose() => Replace([]);

    private void Reserve(int more)
    {
        if (_bytes.Length - _length >= more)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + more, 2 * _bytes.Length));
        Data.CopyTo(larger);
        Replace(larger);
    }

    private void Replace(byte[] bytes)
    {
        var old = _bytes;
        _bytes = bytes;
        if (old.Length > 0)
            ArrayPool<byte>.Shared.Return(old);
    }
}

using System.Buffers;
using System.Text;

namespace ChunkStream.Formats;

/// <summary>
/// Writes UTF-8 bytes into blocks of an <see cref="IBufferWriter{T}"/> (a response's pipe, or an
/// <see cref="ArrayBufferWriter{T}"/> in a test), and knows how many bytes were written. It never flushes: only the
/// pump does.
/// </summary>
/// <remarks>
/// It exists so that the smallest write, a comma, costs a bounds check and a store, not an interface call into the pipe.
/// Bytes reach the target at <see cref="Commit"/>, or when a block is full. Not thread-safe.
/// </remarks>
public sealed class ByteWriter : IBufferWriter<byte>
{
    private readonly IBufferWriter<byte> _target;
    private readonly int _blockSize;
    private Memory<byte> _block;
    private int _used;
    private long _committed;

    /// <param name="target">Where the bytes go; this writer must be its only writer.</param>
    public ByteWriter(IBufferWriter<byte> target)
        : this(target, BufferSizes.Block)
    {
    }

    internal ByteWriter(IBufferWriter<byte> target, int blockSize)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        _target = target;
        _blockSize = blockSize;
    }

    /// <summary>All bytes written so far, committed or not.</summary>
    public long BytesWritten => _committed + _used;

    /// <inheritdoc />
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_block.Length - _used < Math.Max(sizeHint, 1))
            NextBlock(sizeHint);
        return _block.Span[_used..];
    }

    /// <inheritdoc />
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_block.Length - _used < Math.Max(sizeHint, 1))
            NextBlock(sizeHint);
        return _block[_used..];
    }

    /// <inheritdoc />
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_block.Length - _used), nameof(count));
        _used += count;
    }

    /// <summary>Writes bytes as they are.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        var free = _block.Span[_used..];
        if (bytes.Length <= free.Length)
        {
            bytes.CopyTo(free);
            _used += bytes.Length;
            return;
        }

        WriteOverBlocks(bytes);
    }

    /// <summary>Writes one byte.</summary>
    public void Write(byte value)
    {
        GetSpan(1)[0] = value;
        _used++;
    }

    /// <summary>Writes text as UTF-8; a lone surrogate becomes U+FFFD.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        // Piece by piece, so that a text of megabytes doesn't ask for one block of three times its size.
        const int Piece = 4096;
        while (text.Length > Piece)
        {
            var length = char.IsHighSurrogate(text[Piece - 1]) ? Piece - 1 : Piece;
            WritePiece(text[..length]);
            text = text[length..];
        }

        WritePiece(text);
    }

    /// <summary>Hands all bytes written so far to the target. Spans taken before are no longer valid.</summary>
    public void Commit()
    {
        if (_used > 0)
        {
            _target.Advance(_used);
            _committed += _used;
            _used = 0;
        }

        _block = default;
    }

    private void WritePiece(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return;
        var span = GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        _used += Encoding.UTF8.GetBytes(text, span);
    }

    private void WriteOverBlocks(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var free = GetSpan(1);
            var length = Math.Min(free.Length, bytes.Length);
            bytes[..length].CopyTo(free);
            _used += length;
            bytes = bytes[length..];
        }
    }

    private void NextBlock(int sizeHint)
    {
        Commit();
        _block = _target.GetMemory(Math.Max(sizeHint, _blockSize));
    }
}

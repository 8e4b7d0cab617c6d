using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace ChunkStream.Formats;

/// <summary>
/// Writes UTF-8 bytes into blocks of an <see cref="IBufferWriter{T}"/> (a response's pipe, or an
/// <see cref="ArrayBufferWriter{T}"/> in a test), and counts them. It never flushes: only the pump does.
/// </summary>
/// <remarks>
/// It exists so that the smallest write, a comma, costs a bounds check and a store, and no interface call into the
/// pipe. Bytes reach the target at <see cref="Commit"/>, or when a block is full. It is not thread-safe.
/// </remarks>
public sealed class ByteWriter : IBufferWriter<byte>
{
    private readonly IBufferWriter<byte> _target;
    private readonly int _blockSize;
    private byte[] _block = [];
    private int _start;
    private int _at;
    private int _end;
    private bool _isCopied;
    private long _committed;

    /// <summary>Makes a writer over a target.</summary>
    /// <param name="target">Takes the bytes. Nothing else may write to it in the meantime.</param>
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

    /// <summary>How many bytes were written so far, committed or not.</summary>
    public long BytesWritten => _committed + (_at - _start);

    /// <inheritdoc />
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_end - _at < Math.Max(sizeHint, 1))
            NextBlock(sizeHint);
        return _block.AsSpan(_at, _end - _at);
    }

    /// <inheritdoc />
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_end - _at < Math.Max(sizeHint, 1))
            NextBlock(sizeHint);
        return _block.AsMemory(_at, _end - _at);
    }

    /// <inheritdoc />
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_end - _at), nameof(count));
        _at += count;
    }

    /// <summary>Writes bytes as they are.</summary>
    /// <param name="bytes">The bytes; any number of them.</param>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _end - _at)
        {
            WriteOverBlocks(bytes);
            return;
        }

        bytes.CopyTo(_block.AsSpan(_at));
        _at += bytes.Length;
    }

    /// <summary>Writes one byte.</summary>
    /// <param name="value">The byte.</param>
    public void Write(byte value)
    {
        if (_at == _end)
            NextBlock(1);
        _block[_at++] = value;
    }

    /// <summary>Writes a text as UTF-8.</summary>
    /// <param name="text">The text; a lone surrogate in it becomes U+FFFD.</param>
    public void Write(ReadOnlySpan<char> text)
    {
        // Part by part, so that a text of megabytes doesn't need one block of three times its size.
        const int PartLength = 4096;
        while (text.Length > PartLength)
        {
            var length = char.IsHighSurrogate(text[PartLength - 1]) ? PartLength - 1 : PartLength;
            WritePart(text[..length]);
            text = text[length..];
        }

        WritePart(text);
    }

    /// <summary>
    /// Hands all bytes written so far to the target. Spans that were taken from this writer before are no longer valid.
    /// </summary>
    public void Commit()
    {
        var used = _at - _start;
        if (used > 0 && _isCopied)
            _target.Write(_block.AsSpan(_start, used));
        else if (used > 0)
            _target.Advance(used);

        _committed += used;
        (_start, _at, _end) = (0, 0, 0);
    }

    private void WritePart(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return;
        var span = GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        _at += Encoding.UTF8.GetBytes(text, span);
    }

    private void WriteOverBlocks(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var free = GetSpan(1);
            var length = Math.Min(free.Length, bytes.Length);
            bytes[..length].CopyTo(free);
            _at += length;
            bytes = bytes[length..];
        }
    }

    private void NextBlock(int sizeHint)
    {
        Commit();
        var size = Math.Max(sizeHint, _blockSize);
        var memory = _target.GetMemory(size);
        _isCopied = !MemoryMarshal.TryGetArray<byte>(memory, out var array);
        if (_isCopied)
            array = new byte[size];
        (_block, _start, _at, _end) = (array.Array!, array.Offset, array.Offset, array.Offset + array.Count);
    }
}

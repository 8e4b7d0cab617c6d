namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>
/// Counts how often a few bytes stand in a body, also where they lie across two parts that were received apart.
/// </summary>
/// <param name="mark">The bytes: at least one, and no beginning of them may be their end.</param>
internal sealed class MarkCounter(byte[] mark) : IBodySink
{
    // The end of all that came before, one byte shorter than the mark: a mark may have begun in it.
    private readonly byte[] _tail = new byte[mark.Length - 1];
    private int _tailLength;

    /// <summary>How often the mark was found so far.</summary>
    public long Count { get; private set; }

    public void Take(ReadOnlySpan<byte> bytes)
    {
        Count += bytes.Count(mark);
        if (_tail.Length > 0)
            TakeSeam(bytes);
    }

    private void TakeSeam(ReadOnlySpan<byte> bytes)
    {
        Span<byte> seam = stackalloc byte[2 * _tail.Length];
        var head = bytes[..Math.Min(bytes.Length, _tail.Length)];
        _tail.AsSpan(0, _tailLength).CopyTo(seam);
        head.CopyTo(seam[_tailLength..]);
        seam = seam[..(_tailLength + head.Length)];

        // Neither side has room for a whole mark, so one that is found lies across both.
        Count += seam.Count(mark);

        var last = bytes.Length >= _tail.Length ? bytes[^_tail.Length..] : seam[^Math.Min(seam.Length, _tail.Length)..];
        last.CopyTo(_tail);
        _tailLength = last.Length;
    }
}

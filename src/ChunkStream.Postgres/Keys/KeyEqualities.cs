using System.Buffers.Binary;

namespace ChunkStream.Postgres.Keys;

/// <summary>
/// The types of which some equal values differ in their binary format, in a way that is simple enough to be known here.
/// </summary>
internal static class KeyEqualities
{
    // In numeric's header: the number of digits that are shown after the point. 1.0 and 1.00 differ in nothing else.
    private const int ScaleAt = 6;
    private const int DigitsAt = 8;

    /// <summary><c>numeric</c>: 1.0 is 1.00.</summary>
    public static bool Numeric(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
        => one[..ScaleAt].SequenceEqual(other[..ScaleAt]) && one[DigitsAt..].SequenceEqual(other[DigitsAt..]);

    /// <summary><c>real</c>: 0 is -0, and every NaN is NaN.</summary>
    public static bool Single(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
        => IsSame(BinaryPrimitives.ReadSingleBigEndian(one), BinaryPrimitives.ReadSingleBigEndian(other));

    /// <summary><c>double precision</c>: as <see cref="Single"/>.</summary>
    public static bool Double(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
        => IsSame(BinaryPrimitives.ReadDoubleBigEndian(one), BinaryPrimitives.ReadDoubleBigEndian(other));

    /// <summary><c>character(n)</c>: spaces at the end don't count.</summary>
    public static bool Padded(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
        => one.TrimEnd((byte)' ').SequenceEqual(other.TrimEnd((byte)' '));

    private static bool IsSame(double one, double other) => one == other || (double.IsNaN(one) && double.IsNaN(other));
}

using System.Buffers.Binary;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// <c>numeric</c>, with every digit that it has: up to 131,072 before the point and 16,383 after it, which is more than
/// any type of .NET holds.
/// </summary>
/// <remarks>
/// Binary format (Postgres, numeric_send): the number of digits, the weight of the first, the sign and the scale to
/// show, 16 bits each; then the digits, to the base 10,000, 16 bits each. Zeros at either end are left out.
/// </remarks>
internal sealed class NumericWriter : MaybeNumberWriter
{
    private const int HeaderBytes = 8;
    private const int DigitsPerGroup = 4;
    private const ushort Negative = 0x4000;
    private const ushort NotANumberSign = 0xC000;
    private const ushort PositiveInfinity = 0xD000;
    private const ushort NegativeInfinity = 0xF000;

    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => BinaryPrimitives.ReadUInt16BigEndian(value[4..]) switch
        {
            NotANumberSign => "NaN"u8,
            PositiveInfinity => "Infinity"u8,
            NegativeInfinity => "-Infinity"u8,
            _ => [],
        };

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        var sign = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        var scale = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        var groups = value[HeaderBytes..];

        if (sign == Negative)
            output.Write((byte)'-');
        WriteWhole(output, groups, weight);
        if (scale > 0)
            WriteFraction(output, groups, weight, scale);
    }

    private static void WriteWhole(ByteWriter output, ReadOnlySpan<byte> groups, int weight)
    {
        if (weight < 0)
        {
            output.Write((byte)'0');
            return;
        }

        // Only the first group goes without leading zeros.
        var span = output.GetSpan(DigitsPerGroup);
        WriteGroup(span, Group(groups, 0));
        var zeros = span[..(DigitsPerGroup - 1)].IndexOfAnyExcept((byte)'0');
        if (zeros < 0)
            zeros = DigitsPerGroup - 1;
        span[zeros..DigitsPerGroup].CopyTo(span);
        output.Advance(DigitsPerGroup - zeros);

        for (var index = 1; index <= weight; index++)
        {
            WriteGroup(output.GetSpan(DigitsPerGroup), Group(groups, index));
            output.Advance(DigitsPerGroup);
        }
    }

    private static void WriteFraction(ByteWriter output, ReadOnlySpan<byte> groups, int weight, int scale)
    {
        output.Write((byte)'.');
        for (var index = weight + 1; scale > 0; index++, scale -= DigitsPerGroup)
        {
            WriteGroup(output.GetSpan(DigitsPerGroup), Group(groups, index));
            output.Advance(Math.Min(scale, DigitsPerGroup));
        }
    }

    /// <summary>The group of four digits at an index; groups that are left out are zero.</summary>
    private static int Group(ReadOnlySpan<byte> groups, int index)
        => index >= 0 && index < groups.Length / 2 ? BinaryPrimitives.ReadInt16BigEndian(groups[(index * 2)..]) : 0;

    private static void WriteGroup(Span<byte> span, int group)
    {
        span[3] = (byte)('0' + (group % 10));
        group /= 10;
        span[2] = (byte)('0' + (group % 10));
        group /= 10;
        span[1] = (byte)('0' + (group % 10));
        span[0] = (byte)('0' + (group / 10));
    }
}

using System.Buffers.Binary;
using System.Globalization;
using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Columns;

/// <summary><c>boolean</c>.</summary>
internal sealed class BooleanWriter : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
        => output.Write(value[0] != 0 ? "true"u8 : "false"u8);
}

/// <summary><c>smallint</c>.</summary>
internal sealed class Int16Writer : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadInt16BigEndian(value));
}

/// <summary><c>integer</c>.</summary>
internal sealed class Int32Writer : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadInt32BigEndian(value));
}

/// <summary><c>bigint</c>.</summary>
internal sealed class Int64Writer : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadInt64BigEndian(value));
}

/// <summary><c>oid</c>: unsigned, and in JSON a string, as Postgres gives it.</summary>
internal sealed class OidWriter : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
    {
        output.Write((byte)'"');
        Integers.Write(output, BinaryPrimitives.ReadUInt32BigEndian(value));
        output.Write((byte)'"');
    }
}

/// <summary><c>real</c>: the shortest digits that read back as the same value.</summary>
internal sealed class SingleWriter : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadSingleBigEndian(value);
        if (!float.IsFinite(number))
        {
            Floats.WriteNotFinite(output, number);
            return;
        }

        number.TryFormat(output.GetSpan(Floats.MaxBytes), out var written, provider: CultureInfo.InvariantCulture);
        output.Advance(written);
    }
}

/// <summary><c>double precision</c>: the shortest digits that read back as the same value.</summary>
internal sealed class DoubleWriter : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadDoubleBigEndian(value);
        if (!double.IsFinite(number))
        {
            Floats.WriteNotFinite(output, number);
            return;
        }

        number.TryFormat(output.GetSpan(Floats.MaxBytes), out var written, provider: CultureInfo.InvariantCulture);
        output.Advance(written);
    }
}

file static class Integers
{
    // "-9223372036854775808"
    private const int MaxBytes = 20;

    public static void Write(ByteWriter output, long number)
    {
        number.TryFormat(output.GetSpan(MaxBytes), out var written, provider: CultureInfo.InvariantCulture);
        output.Advance(written);
    }
}

file static class Floats
{
    // "-2.2250738585072014E-308" has 24.
    public const int MaxBytes = 32;

    // JSON has no such numbers; Postgres gives them as strings.
    public static void WriteNotFinite(ByteWriter output, double number)
        => output.Write(double.IsNaN(number) ? "\"NaN\""u8 : number > 0 ? "\"Infinity\""u8 : "\"-Infinity\""u8);
}

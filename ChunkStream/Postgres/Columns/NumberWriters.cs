using System.Buffers.Binary;
using System.Globalization;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Columns;

/// <summary><c>boolean</c>.</summary>
internal sealed class BooleanWriter : BareWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
        => output.Write(value[0] != 0 ? "true"u8 : "false"u8);
}

/// <summary><c>smallint</c>.</summary>
internal sealed class Int16Writer : BareWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadInt16BigEndian(value));
}

/// <summary><c>integer</c>.</summary>
internal sealed class Int32Writer : BareWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadInt32BigEndian(value));
}

/// <summary><c>bigint</c>.</summary>
internal sealed class Int64Writer : BareWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadInt64BigEndian(value));
}

/// <summary><c>oid</c>: unsigned, and in JSON a string, as Postgres gives it.</summary>
internal sealed class OidWriter : PlainTextWriter
{
    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadUInt32BigEndian(value));
}

/// <summary>Numbers that may be none: JSON has no such numbers, and Postgres gives them as strings.</summary>
internal abstract class MaybeNumberWriter : ColumnWriter
{
    public sealed override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
    {
        if (NotANumber(value) is not { IsEmpty: false } name)
        {
            WriteNumber(output, value);
            return;
        }

        output.Write((byte)'"');
        output.Write(name);
        output.Write((byte)'"');
    }

    public sealed override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
    {
        if (NotANumber(value) is { IsEmpty: false } name)
            output.Write(name);
        else
            WriteNumber(output, value);
    }

    /// <summary>The name of a value that is no number; empty for a number.</summary>
    protected abstract ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value);

    protected abstract void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value);
}

/// <summary><c>real</c>: the shortest digits that read back as the same value.</summary>
internal sealed class SingleWriter : MaybeNumberWriter
{
    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => Floats.NotFinite(BinaryPrimitives.ReadSingleBigEndian(value));

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadSingleBigEndian(value);
        number.TryFormat(output.GetSpan(Floats.MaxBytes), out var written, provider: CultureInfo.InvariantCulture);
        output.Advance(written);
    }
}

/// <summary><c>double precision</c>: the shortest digits that read back as the same value.</summary>
internal sealed class DoubleWriter : MaybeNumberWriter
{
    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => Floats.NotFinite(BinaryPrimitives.ReadDoubleBigEndian(value));

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadDoubleBigEndian(value);
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

    public static ReadOnlySpan<byte> NotFinite(double number)
        => double.IsFinite(number) ? [] : double.IsNaN(number) ? "NaN"u8 : number > 0 ? "Infinity"u8 : "-Infinity"u8;
}

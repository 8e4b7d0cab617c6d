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

/// <summary><c>oid</c>: an unsigned number, which is a string in JSON, as in Postgres's own.</summary>
internal sealed class OidWriter : PlainTextWriter
{
    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
        => Integers.Write(output, BinaryPrimitives.ReadUInt32BigEndian(value));
}

/// <summary>
/// Numbers that may be NaN or infinite. JSON has no such numbers, so they are strings, as Postgres gives them.
/// </summary>
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

/// <summary><c>real</c>: the shortest digits that read back as the same value, in Postgres's spelling.</summary>
internal sealed class SingleWriter : MaybeNumberWriter
{
    // From here on Postgres gives an exponent (float4out, FLT_DIG).
    private const int ExponentFrom = 6;

    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => Floats.NotFinite(BinaryPrimitives.ReadSingleBigEndian(value));

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadSingleBigEndian(value);
        var decimals = number == 0 ? default : ShortestDecimal.Compute(number);
        Floats.Write(output, float.IsNegative(number), decimals, ExponentFrom);
    }
}

/// <summary><c>double precision</c>: as <see cref="SingleWriter"/>.</summary>
internal sealed class DoubleWriter : MaybeNumberWriter
{
    // From here on Postgres gives an exponent (float8out, DBL_DIG).
    private const int ExponentFrom = 15;

    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => Floats.NotFinite(BinaryPrimitives.ReadDoubleBigEndian(value));

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadDoubleBigEndian(value);
        var decimals = number == 0 ? default : ShortestDecimal.Compute(number);
        Floats.Write(output, double.IsNegative(number), decimals, ExponentFrom);
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
    // "-2.2250738585072014e-308" has 24.
    private const int MaxBytes = 32;
    private const int ExponentBelow = -4;

    public static ReadOnlySpan<byte> NotFinite(double number)
        => double.IsFinite(number) ? [] : double.IsNaN(number) ? "NaN"u8 : number > 0 ? "Infinity"u8 : "-Infinity"u8;

    /// <summary>Writes a number as Postgres spells it.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="isNegative">Whether it has a minus sign. There is a -0, too.</param>
    /// <param name="decimals">Its absolute value.</param>
    /// <param name="exponentFrom">
    /// The power of ten of the first digit from which on it is spelled with an exponent.
    /// </param>
    public static void Write(
        ByteWriter output, bool isNegative, (ulong Digits, int Exponent) decimals, int exponentFrom)
    {
        var (digits, exponent) = decimals;
        while (digits != 0 && digits % 10 == 0)
            (digits, exponent) = (digits / 10, exponent + 1);

        var span = output.GetSpan(MaxBytes);
        var at = 0;
        if (isNegative)
            span[at++] = (byte)'-';

        // The digits are written one place to the right, which leaves room for the point.
        var text = span[at..];
        digits.TryFormat(text[1..], out var length, provider: CultureInfo.InvariantCulture);
        var power = exponent + length - 1;
        output.Advance(at + (
            power < ExponentBelow || power >= exponentFrom ? WithExponent(text, length, power)
            : power < 0 ? Fraction(text, length, power)
            : exponent >= 0 ? Whole(text, length, exponent)
            : WithPoint(text, length, power)));
    }

    // "1.2345675e+06", "1e-05"
    private static int WithExponent(Span<byte> text, int length, int power)
    {
        text[0] = text[1];
        var at = 1;
        if (length > 1)
        {
            text[1] = (byte)'.';
            at = length + 1;
        }

        text[at] = (byte)'e';
        text[at + 1] = (byte)(power < 0 ? '-' : '+');
        power = Math.Abs(power);
        at += 2;
        if (power >= 100)
            text[at++] = (byte)('0' + (power / 100));
        text[at] = (byte)('0' + (power / 10 % 10));
        text[at + 1] = (byte)('0' + (power % 10));
        return at + 2;
    }

    // "0.00012"
    private static int Fraction(Span<byte> text, int length, int power)
    {
        var first = 1 - power;
        text.Slice(1, length).CopyTo(text[first..]);
        text[..first].Fill((byte)'0');
        text[1] = (byte)'.';
        return first + length;
    }

    // "1200"
    private static int Whole(Span<byte> text, int length, int zeros)
    {
        text.Slice(1, length).CopyTo(text);
        text.Slice(length, zeros).Fill((byte)'0');
        return length + zeros;
    }

    // "12.5"
    private static int WithPoint(Span<byte> text, int length, int power)
    {
        text.Slice(1, power + 1).CopyTo(text);
        text[power + 1] = (byte)'.';
        return length + 1;
    }
}

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

/// <summary>
/// <c>real</c>: the shortest digits that read back as the same value, spelled as Postgres does, but for large ones, which
/// Postgres may give with other digits.
/// </summary>
internal sealed class SingleWriter : MaybeNumberWriter
{
    // From here on Postgres gives an exponent (float4out); .NET does from 1e7 on.
    private const float FirstWithExponent = 1e6f;

    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => Floats.NotFinite(BinaryPrimitives.ReadSingleBigEndian(value));

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadSingleBigEndian(value);
        var span = output.GetSpan(Floats.MaxBytes);
        number.TryFormat(span, out var written, provider: CultureInfo.InvariantCulture);
        output.Advance(Floats.Respell(span, written, hasExponent: MathF.Abs(number) >= FirstWithExponent));
    }
}

/// <summary><c>double precision</c>: as <see cref="SingleWriter"/>.</summary>
internal sealed class DoubleWriter : MaybeNumberWriter
{
    // From here on Postgres gives an exponent (float8out); .NET does from 1e16 on.
    private const double FirstWithExponent = 1e15;

    protected override ReadOnlySpan<byte> NotANumber(ReadOnlySpan<byte> value)
        => Floats.NotFinite(BinaryPrimitives.ReadDoubleBigEndian(value));

    protected override void WriteNumber(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadDoubleBigEndian(value);
        var span = output.GetSpan(Floats.MaxBytes);
        number.TryFormat(span, out var written, provider: CultureInfo.InvariantCulture);
        output.Advance(Floats.Respell(span, written, hasExponent: Math.Abs(number) >= FirstWithExponent));
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

    /// <summary>
    /// Turns .NET's spelling of a number, in place, into Postgres's; gives its new length. The digits are the same, but
    /// .NET writes 1E+20 for 1e+20, and lets an exponent begin one power of ten later.
    /// </summary>
    public static int Respell(Span<byte> text, int length, bool hasExponent)
    {
        var exponent = text[..length].IndexOf((byte)'E');
        if (exponent >= 0)
            text[exponent] = (byte)'e';
        return exponent < 0 && hasExponent ? WithExponent(text, length) : length;
    }

    // "-1234567.5" to "-1.2345675e+06", "1000000" to "1e+06".
    private static int WithExponent(Span<byte> text, int length)
    {
        var first = text[0] == '-' ? 1 : 0;
        var point = text[..length].IndexOf((byte)'.');
        var power = (point < 0 ? length : point) - first - 1;
        if (point < 0)
            point = length++;

        text[(first + 1)..point].CopyTo(text[(first + 2)..]);
        text[first + 1] = (byte)'.';
        length = text[..length].LastIndexOfAnyExcept((byte)'0') + 1;
        if (text[length - 1] == '.')
            length--;

        "e+"u8.CopyTo(text[length..]);
        text[length + 2] = (byte)('0' + (power / 10));
        text[length + 3] = (byte)('0' + (power % 10));
        return length + 4;
    }

    public static ReadOnlySpan<byte> NotFinite(double number)
        => double.IsFinite(number) ? [] : double.IsNaN(number) ? "NaN"u8 : number > 0 ? "Infinity"u8 : "-Infinity"u8;
}

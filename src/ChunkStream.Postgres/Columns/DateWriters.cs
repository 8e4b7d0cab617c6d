using System.Buffers.Binary;
using System.Globalization;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// <c>date</c>: <c>"2024-01-31"</c>. Postgres has dates from 4713 BC to AD 5874897; .NET's own types end at 9999.
/// </summary>
internal sealed class DateWriter : PlainTextWriter
{
    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var days = BinaryPrimitives.ReadInt32BigEndian(value);
        if (days is int.MinValue or int.MaxValue)
        {
            IsoTime.WriteInfinity(output, days > 0);
            return;
        }

        if (IsoTime.WriteDate(output, days))
            output.Write(" BC"u8);
    }
}

/// <summary>
/// <c>timestamp</c> and <c>timestamptz</c>: <c>"2024-01-31T23:59:59.123456+00:00"</c>, in UTC, with as many digits of
/// the second as the value has.
/// </summary>
internal sealed class TimestampWriter : PlainTextWriter
{
    private const long MicrosecondsPerDay = 86_400_000_000;

    private readonly byte[] _offset;

    /// <param name="offset">
    /// What follows the time: nothing for <c>timestamp</c>, <c>+00:00</c> for <c>timestamptz</c>.
    /// </param>
    public TimestampWriter(ReadOnlySpan<byte> offset) => _offset = [.. offset];

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var microseconds = BinaryPrimitives.ReadInt64BigEndian(value);
        if (microseconds is long.MinValue or long.MaxValue)
        {
            IsoTime.WriteInfinity(output, microseconds > 0);
            return;
        }

        var days = Math.DivRem(microseconds, MicrosecondsPerDay, out var timeOfDay);
        if (timeOfDay < 0)
        {
            days--;
            timeOfDay += MicrosecondsPerDay;
        }

        var beforeChrist = IsoTime.WriteDate(output, (int)days);
        output.Write((byte)'T');
        IsoTime.WriteTimeOfDay(output, timeOfDay);
        output.Write(_offset);
        if (beforeChrist)
            output.Write(" BC"u8);
    }
}

file static class IsoTime
{
    // Days from 0000-03-01, the start of the civil calendar's 400-year cycle, to 2000-01-01, Postgres's epoch.
    private const int EpochDays = 730_425;
    private const int DaysPerCycle = 146_097;
    private const int MaxDateBytes = 16;
    private const int MaxTimeBytes = 15;

    public static void WriteInfinity(ByteWriter output, bool positive)
        => output.Write(positive ? "infinity"u8 : "-infinity"u8);

    /// <summary>
    /// Writes year, month and day. Returns whether the year is before Christ; the caller then writes <c>BC</c> at the
    /// end.
    /// </summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="days">Days since 2000-01-01.</param>
    public static bool WriteDate(ByteWriter output, int days)
    {
        // Years that begin in March put the leap day last: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        var shifted = (long)days + EpochDays;
        var cycle = Math.DivRem(shifted, DaysPerCycle, out var dayOfCycle);
        if (dayOfCycle < 0)
        {
            cycle--;
            dayOfCycle += DaysPerCycle;
        }

        var yearOfCycle = (dayOfCycle - (dayOfCycle / 1460) + (dayOfCycle / 36_524) - (dayOfCycle / 146_096)) / 365;
        var dayOfYear = (int)(dayOfCycle - ((365 * yearOfCycle) + (yearOfCycle / 4) - (yearOfCycle / 100)));
        var marchMonth = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * marchMonth) + 2) / 5) + 1;
        var month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
        var year = (int)((cycle * 400) + yearOfCycle) + (month <= 2 ? 1 : 0);

        // There is no year 0: 1 BC is the year before 1.
        var beforeChrist = year <= 0;
        if (beforeChrist)
            year = 1 - year;

        var span = output.GetSpan(MaxDateBytes);
        int length;
        if (year <= 9999)
        {
            WriteTwoDigits(span, year / 100);
            WriteTwoDigits(span[2..], year % 100);
            length = 4;
        }
        else
        {
            year.TryFormat(span, out length, provider: CultureInfo.InvariantCulture);
        }

        span[length] = (byte)'-';
        WriteTwoDigits(span[(length + 1)..], month);
        span[length + 3] = (byte)'-';
        WriteTwoDigits(span[(length + 4)..], day);
        output.Advance(length + 6);
        return beforeChrist;
    }

    /// <summary>
    /// Writes <c>23:59:59</c>, and the fraction of the second, if there is one, without zeros at its end.
    /// </summary>
    public static void WriteTimeOfDay(ByteWriter output, long microseconds)
    {
        var seconds = (int)(microseconds / 1_000_000);
        var fraction = (int)(microseconds % 1_000_000);
        var span = output.GetSpan(MaxTimeBytes);
        WriteTwoDigits(span, seconds / 3600);
        span[2] = (byte)':';
        WriteTwoDigits(span[3..], seconds / 60 % 60);
        span[5] = (byte)':';
        WriteTwoDigits(span[6..], seconds % 60);
        var length = 8;
        if (fraction != 0)
        {
            span[8] = (byte)'.';
            WriteTwoDigits(span[9..], fraction / 10_000);
            WriteTwoDigits(span[11..], fraction / 100 % 100);
            WriteTwoDigits(span[13..], fraction % 100);
            length = span[..MaxTimeBytes].LastIndexOfAnyExcept((byte)'0') + 1;
        }

        output.Advance(length);
    }

    private static void WriteTwoDigits(Span<byte> span, int value)
    {
        span[1] = (byte)('0' + (value % 10));
        span[0] = (byte)('0' + (value / 10));
    }
}

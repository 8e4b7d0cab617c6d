using System.Buffers.Binary;
using System.Text;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>Values of .NET in Postgres's binary format, as its backend sends them.</summary>
internal static class BinaryValues
{
    private const int MicrosecondsPerTick = 10;

    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static byte[] Int8(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] Float8(double value) => Int8(BitConverter.DoubleToInt64Bits(value));

    public static byte[] TimestampTz(DateTime value) => Int8((value - Epoch).Ticks / MicrosecondsPerTick);

    public static byte[] Text(string value) => Encoding.UTF8.GetBytes(value);

    public static byte[] Uuid(Guid value) => value.ToByteArray(bigEndian: true);

    /// <summary>A number of up to four digits before the point and two after it.</summary>
    public static byte[] Numeric(decimal value)
    {
        // The digits have the base 10,000. Before them come how many there are, the weight of the first, the sign and
        // the scale.
        var whole = (short)decimal.Truncate(value);
        var fraction = (short)((value - whole) * 10_000);
        short[] words = [2, 0, 0, 2, whole, fraction];
        var bytes = new byte[words.Length * sizeof(short)];
        for (var word = 0; word < words.Length; word++)
            BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(word * sizeof(short)), words[word]);
        return bytes;
    }
}

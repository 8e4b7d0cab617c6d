using System.Globalization;
using System.Text;
using ChunkStream.Benchmarks.E2e.Client;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>
/// Numbered messages of 200 bytes, and a reader that finds them in whatever they are wrapped in. It checks that each
/// message comes once and in order.
/// </summary>
/// <param name="first">The number of the first message.</param>
/// <param name="came">Is told of each number.</param>
internal sealed class NumberedMessages(int first, Action<int>? came = null) : IBodySink
{
    /// <summary>How many bytes a message has.</summary>
    public const int Bytes = 200;

    private const int Digits = 9;

    private static readonly string Rest = new('x', Bytes - Digits - """{"n":"","t":""}""".Length);

    private int _at;
    private int _number;

    private static ReadOnlySpan<byte> Mark => "{\"n\":\""u8;

    /// <summary>The number of the next message.</summary>
    public int Next { get; private set; } = first;

    /// <summary>Makes a message.</summary>
    public static byte[] Message(int number) => Encoding.ASCII.GetBytes(
        $$"""{"n":"{{number.ToString("D9", CultureInfo.InvariantCulture)}}","t":"{{Rest}}"}""");

    /// <summary>Makes some messages, as an array that is appended at once.</summary>
    public static byte[] Array(int first, int end) =>
        [
            (byte)'[',
            .. Message(first),
            .. Enumerable.Range(first + 1, end - first - 1).SelectMany(n => (byte[])[(byte)',', .. Message(n)]),
            (byte)']',
        ];

    /// <exception cref="InvalidDataException">A message came that was not the next one.</exception>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_at == 0)
            {
                var start = bytes.IndexOf(Mark[0]);
                if (start < 0)
                    return;
                bytes = bytes[start..];
            }

            TakeOne(bytes[0]);
            bytes = bytes[1..];
        }
    }

    private void TakeOne(byte value)
    {
        if (_at < Mark.Length)
        {
            _at = value == Mark[_at] ? _at + 1 : 0;
            return;
        }

        _number = (_number * 10) + (value - '0');
        if (++_at < Mark.Length + Digits)
            return;
        if (_number != Next)
            throw new InvalidDataException($"Message {_number} came instead of {Next}.");
        Next++;
        (_at, _number) = (0, 0);
        came?.Invoke(Next - 1);
    }
}

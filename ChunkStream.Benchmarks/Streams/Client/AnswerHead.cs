using System.Globalization;
using System.Text;

namespace ChunkStream.Benchmarks.Streams.Client;

/// <summary>The head of an answer.</summary>
internal readonly ref struct AnswerHead(ReadOnlySpan<byte> bytes)
{
    /// <summary>The whole head.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>Whether its body is chunked.</summary>
    public bool IsChunked => Value(Bytes, "transfer-encoding: "u8) is not [];

    /// <summary>How long the body is if it is not chunked.</summary>
    public long ContentLength =>
        Value(Bytes, "content-length: "u8) is { IsEmpty: false } digits
            ? long.Parse(digits, CultureInfo.InvariantCulture)
            : 0;

    /// <summary>The value of a header; empty if the head does not have it.</summary>
    /// <param name="head">The head.</param>
    /// <param name="name">The header's name in small letters, with what stands before the value.</param>
    public static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        while (head.IndexOf("\r\n"u8) is >= 0 and var end)
        {
            if (end > name.Length && Ascii.EqualsIgnoreCase(head[..name.Length], name))
                return head[name.Length..end];
            head = head[(end + 2)..];
        }

        return [];
    }

    /// <exception cref="InvalidDataException">It is the head of a refusal.</exception>
    public void RequireSuccess()
    {
        if (Bytes is not [_, _, _, _, _, _, _, _, _, (byte)'2', ..])
            throw new InvalidDataException($"The server answered {Encoding.ASCII.GetString(Bytes).Split('\r')[0]}.");
    }
}

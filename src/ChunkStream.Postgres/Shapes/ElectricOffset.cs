using System.Buffers.Text;
using System.Globalization;
using System.Numerics;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// Positions as Electric's clients take them: two numbers with <c>_</c> between. The first is the token, read as one
/// large number, because a client of server-sent events is told a number, and makes the offset of it by itself; the
/// second is always 0.
/// </summary>
internal static class ElectricOffset
{
    // More digits than any token that fits a request line.
    private const int MostDigits = 8192;

    /// <summary>The number of a token.</summary>
    /// <param name="token">The token. Its first byte is not 0, so the number has all of its bytes.</param>
    public static string Number(ReadOnlySpan<byte> token)
    {
        var bytes = Base64Url.DecodeFromUtf8(token);
        return new BigInteger(bytes, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// The token of an offset, which may be none of ours; null if the text is not an offset.
    /// </summary>
    /// <param name="offset">The text.</param>
    public static string? Token(string offset)
        => offset.Split('_') is [var first, var second] && first.Length <= MostDigits && IsNumber(second)
            && IsNumber(first)
            ? Base64Url.EncodeToString(
                BigInteger.Parse(first, CultureInfo.InvariantCulture).ToByteArray(isUnsigned: true, isBigEndian: true))
            : null;

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
}

using System.Globalization;

namespace ChunkStream.Durable;

/// <summary>
/// Positions as the tokens that clients see. A position counts a stream's units from 0: bytes, or in JSON mode messages.
/// Its token is the position in 19 decimal digits, so that tokens sort as positions do.
/// </summary>
internal static class StreamOffset
{
    // Those of the largest long.
    private const int Digits = 19;

    /// <summary>The token of a position.</summary>
    public static string Format(long position) => position.ToString("D19", CultureInfo.InvariantCulture);

    /// <summary>The position of a token that <see cref="Format"/> gave. False for anything else, <c>-1</c> and <c>now</c> included.</summary>
    public static bool TryParse(ReadOnlySpan<char> token, out long position)
    {
        position = 0;
        return token.Length == Digits && long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }
}

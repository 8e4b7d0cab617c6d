using System.Globalization;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// Positions as the tokens that clients see. A position counts from 0: a stream's bytes, or in JSON mode its
/// messages. Its token is the position in 19 decimal digits, so that tokens sort as positions do.
/// </summary>
internal static class DurableOffset
{
    // The digits of the largest long.
    private const int Digits = 19;

    // How the protocol's reference server spells it. Clients may not make up offsets, but this one is written down in
    // programs, the conformance suite among them.
    private const string CommonStart = "0000000000000000_0000000000000000";

    /// <summary>The token of a position.</summary>
    public static string Format(long position) => position.ToString("D19", CultureInfo.InvariantCulture);

    /// <summary>
    /// The position of a token that <see cref="Format"/> gave, or of the one that other servers give for a stream's
    /// start. False for anything else, <c>-1</c> and <c>now</c> included.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> token, out long position)
    {
        position = 0;
        return token.SequenceEqual(CommonStart)
            || (token.Length == Digits && !token.ContainsAnyExceptInRange('0', '9')
                && long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out position));
    }
}

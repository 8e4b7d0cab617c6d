using System.Globalization;

namespace ChunkStream.Identity;

/// <summary>
/// A time as claims have it: the seconds since 1970, which may have a fraction (RFC 7519, section 2).
/// </summary>
internal static class NumericDate
{
    private static readonly double End = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Reads it; null if it is none, or after the year 9999.</summary>
    /// <param name="text">The claim; null for none.</param>
    public static DateTimeOffset? Parse(string? text)
        => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds >= 0 && seconds < End
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Times as <c>Stream-Expires-At</c> has them.</summary>
internal static partial class Rfc3339
{
    /// <summary>Reads a time; digits beyond those of a ten-millionth of a second are dropped.</summary>
    public static bool TryParse(string text, out DateTimeOffset moment)
    {
        moment = default;
        return Shape().Match(text) is { Success: true } match
            && DateTimeOffset.TryParse(
                string.Concat(match.Groups["time"].Value, match.Groups["fraction"].Value, match.Groups["zone"].Value)
                    .ToUpperInvariant(),
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out moment);
    }

    /// <summary>A time in UTC, to the digit.</summary>
    public static string Format(DateTimeOffset moment)
        => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})"
        + @"(?<fraction>\.[0-9]{1,7})?[0-9]*(?<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Shape();
}

using System.Globalization;
using System.Text;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// The path of a stream: what stands after <c>/streams/</c>, without percent-encoding. Two spellings never name the
/// same stream, and no path is anything but a name.
/// </summary>
internal static class DurablePath
{
    /// <summary>How long it may be, in bytes of UTF-8: the database keeps an index of them.</summary>
    public const int MaxBytes = 1024;

    // The protocol has reserved it for subscriptions, which are not offered.
    private const string ReservedSegment = "__ds";

    /// <summary>The path that a request's route names.</summary>
    // Not a bound parameter: the Functions worker gives none to a handler that takes the request.
    public static string From(HttpRequest request)
        => request.RouteValues[DurableEndpoint.PathParameter]?.ToString() ?? "";

    /// <summary>What is wrong with the path that a request names, or null.</summary>
    public static Problem? Check(HttpRequest request, string path) => HasDots(request) ? Problem(Dots) : Check(path);

    /// <summary>What is wrong with a path, or null.</summary>
    public static Problem? Check(string path)
        => path == ReservedSegment || path.StartsWith(ReservedSegment + "/", StringComparison.Ordinal)
            ? Problems.Problem.NotFound(
                $"Paths that begin with {ReservedSegment} are reserved for the protocol's subscriptions, which "
                + $"this server does not offer.")
            : Mistake(path) is { } mistake ? Problem(mistake) : null;

    private const string Dots = "A segment must not be '.' or '..', percent-encoded or not.";

    private static string? Mistake(string path)
    {
        if (path.Length == 0)
            return "It is missing: name a stream, such as /streams/orders/42.";
        if (path.Any(char.IsControl))
            return "It has a control character.";
        if (HasLoneSurrogate(path))
            return "It is not valid Unicode.";
        if (HasPercentEncoding(path))
            return
                "It has a percent-encoding that can't be told from its character, such as %2F for a slash, or that "
                + "is not UTF-8.";
        if (Encoding.UTF8.GetByteCount(path) > MaxBytes)
            return string.Create(CultureInfo.InvariantCulture, $"It is longer than {MaxBytes} bytes of UTF-8.");
        foreach (var segment in path.Split('/'))
        {
            if (segment.Length == 0)
                return "It has an empty segment: no slash may stand at its begin or end, or beside another.";
            if (segment is "." or "..")
                return Dots;
        }

        return null;
    }

    private static bool HasLoneSurrogate(string path)
    {
        for (var at = 0; at < path.Length; at++)
        {
            if (char.IsSurrogatePair(path, at))
                at++;
            else if (char.IsSurrogate(path[at]))
                return true;
        }

        return false;
    }

    // The server does not decode %2F, nor what is not UTF-8. By now these look the same as %252F, which was decoded
    // once.
    private static bool HasPercentEncoding(string path)
    {
        for (var at = path.IndexOf('%', StringComparison.Ordinal);
            at >= 0 && at + 2 < path.Length;
            at = path.IndexOf('%', at + 1))
        {
            if (char.IsAsciiHexDigit(path[at + 1]) && char.IsAsciiHexDigit(path[at + 2]))
                return true;
        }

        return false;
    }

    // Looks at the request as it was sent: the server has resolved the dots by now, and so found a path that nobody
    // asked for.
    private static bool HasDots(HttpRequest request)
    {
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var query = target.IndexOf('?', StringComparison.Ordinal);
        foreach (var segment in (query < 0 ? target : target[..query]).Split('/'))
        {
            if (segment.Length is > 0 and <= 6 && Uri.UnescapeDataString(segment) is "." or "..")
                return true;
        }

        return false;
    }

    private static Problem Problem(string mistake)
        => DurableProblems.InvalidPath($"This is not a stream's path. {mistake}");
}

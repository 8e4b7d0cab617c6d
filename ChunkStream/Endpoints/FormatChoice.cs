using ChunkStream.Formats;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Endpoints;

/// <summary>
/// Chooses the format of a response: <c>?format=</c> if it is given, else the Accept header by its q-values, else the
/// endpoint's default.
/// </summary>
internal static class FormatChoice
{
    /// <summary>The chosen format, or a 406 that names the choices.</summary>
    /// <param name="request">The request.</param>
    /// <param name="formatName">The value of <c>?format=</c>, if given.</param>
    /// <param name="defaultFormat">What the endpoint gives where the client has no wish.</param>
    public static (StreamFormat? Format, Problem? Problem) Of(
        HttpRequest request, string? formatName, StreamFormat defaultFormat)
    {
        if (formatName is not null)
        {
            var named = StreamFormats.All.FirstOrDefault(
                format => format.Name.Equals(formatName, StringComparison.OrdinalIgnoreCase));
            return named is null ? (null, NotOffered()) : (named, null);
        }

        var accept = request.GetTypedHeaders().Accept;
        if (accept.Count == 0)
            return request.Headers.Accept.All(string.IsNullOrWhiteSpace)
                ? (defaultFormat, null)
                : (null, NotOffered());

        // The endpoint's default stands first: among equals it wins.
        var best = StreamFormats.All
            .OrderBy(format => format == defaultFormat ? 0 : 1)
            .Select(format => (Format: format, Quality: Quality(accept, format)))
            .MaxBy(choice => choice.Quality);
        return best.Quality > 0 ? (best.Format, null) : (null, NotOffered());
    }

    /// <summary>What the client thinks of a format, 0–1: the most specific range that matches it speaks (RFC 9110, 12.5.1).</summary>
    private static double Quality(IEnumerable<MediaTypeHeaderValue> accept, StreamFormat format)
    {
        var offered = MediaTypeHeaderValue.Parse(format.ContentType);
        return accept
            .Where(range => range.MatchesMediaType(offered.MediaType))
            .OrderByDescending(Specificity)
            .Select(range => range.Quality ?? 1)
            .FirstOrDefault();
    }

    private static int Specificity(MediaTypeHeaderValue range)
        => range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2;

    private static Problem NotOffered()
    {
        var choices = StreamFormats.All.Select(format => $"{format.Name} ({format.ContentType})");
        return Problem.NotAcceptable(
            $"This endpoint offers {string.Join(", ", choices)}: ask with the Accept header, or with ?format= and the name.");
    }
}

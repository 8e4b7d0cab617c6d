using ChunkStream.Formats;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Http;

/// <summary>
/// Chooses the format of a response: <c>?format=</c> if it is given, else the Accept header by its q-values, else the
/// endpoint's default; and what else a request asks of its body.
/// </summary>
internal static class FormatChoice
{
    private const string Format = "format";
    private const string Bom = "bom";
    private const string Formulas = "formulas";

    /// <summary>The query parameters by which a body is chosen.</summary>
    public static readonly string[] Parameters = [Format, Bom, Formulas, DownloadName.Parameter];

    /// <summary>The chosen format, or a 406 that names the choices. What is wrong with parameters is with them.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">Its query string.</param>
    /// <param name="defaultFormat">What the endpoint gives where the client has no wish.</param>
    /// <param name="fileName">What a file of it is named where the client does not say.</param>
    public static (ChosenFormat? Chosen, Problem? Problem) Read(
        HttpRequest request, RequestParameters parameters, StreamFormat defaultFormat, string fileName)
    {
        var named = parameters.Text(Format);
        var (format, contentType) = named is null
            ? ByAccept(request, defaultFormat)
            : (StreamFormats.All.FirstOrDefault(format => format.Name.Equals(named, StringComparison.OrdinalIgnoreCase)), null);
        var variant = CsvOf(parameters, format);
        var file = DownloadName.Read(parameters, format, fileName);
        return format is null ? (null, NotOffered()) : (new ChosenFormat(variant ?? format, contentType ?? format.ContentType, file), null);
    }

    private static CsvFormat? CsvOf(RequestParameters parameters, StreamFormat? format)
    {
        var hasMark = parameters.OneOf(Bom, "0", "1") == "1";
        var escapesFormulas = parameters.OneOf(Formulas, "plain", "escape") == "escape";
        if (!hasMark && !escapesFormulas)
            return null;
        if (format is null || format == StreamFormats.Csv)
            return new CsvFormat(hasMark, escapesFormulas);

        var name = hasMark ? Bom : Formulas;
        parameters.Refuse(name, $"'{name}' is for CSV, and this response would be {format.Name}: ask for format=csv with it.");
        return null;
    }

    private static (StreamFormat? Format, string? ContentType) ByAccept(HttpRequest request, StreamFormat defaultFormat)
    {
        var accept = request.GetTypedHeaders().Accept;
        if (accept.Count == 0)
            return request.Headers.Accept.All(string.IsNullOrWhiteSpace) ? (defaultFormat, null) : (null, null);

        // The endpoint's default stands first: among equals it wins, and of its names the first.
        var best = StreamFormats.All
            .OrderBy(format => format == defaultFormat ? 0 : 1)
            .SelectMany(format => Names(format, accept))
            .MaxBy(name => name.Quality);
        return best.Quality > 0 ? (best.Format, best.ContentType) : (null, null);
    }

    /// <summary>What the client thinks of each name of a format, 0–1: the most specific range that matches it speaks (RFC 9110, 12.5.1).</summary>
    private static IEnumerable<(StreamFormat Format, string ContentType, double Quality)> Names(
        StreamFormat format, IList<MediaTypeHeaderValue> accept)
    {
        var offered = MediaTypeHeaderValue.Parse(format.ContentType);
        yield return (format, format.ContentType, QualityOf(accept.Where(range => Specificity(range, offered) >= 0).MaxBy(range => Specificity(range, offered))));

        // Its other names are for those who ask for them.
        var parameters = format.ContentType[offered.MediaType.Length..];
        foreach (var other in format.OtherMediaTypes)
            yield return (format, other + parameters, QualityOf(accept.FirstOrDefault(range => IsSame(range, other))));
    }

    private static double QualityOf(MediaTypeHeaderValue? range) => range is null ? 0 : range.Quality ?? 1;

    // Names are compared as a whole. The framework's own comparison takes "application/ndjson" for "…+ndjson", whatever stands before that.
    private static int Specificity(MediaTypeHeaderValue range, MediaTypeHeaderValue offered)
        => IsSame(range, offered.MediaType.ToString()) ? 2
            : range.MatchesAllTypes ? 0
            : range.MatchesAllSubTypes && range.Type.Equals(offered.Type, StringComparison.OrdinalIgnoreCase) ? 1
            : -1;

    private static bool IsSame(MediaTypeHeaderValue range, string mediaType) => range.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase);

    private static Problem NotOffered()
    {
        var choices = StreamFormats.All.Select(format => $"{format.Name} ({format.ContentType.Split(';')[0]})");
        return Problem.NotAcceptable(
            $"This endpoint offers {string.Join(", ", choices)}: ask with the Accept header, or with ?format= and the name.");
    }
}

using ChunkStream.Formats;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Http;

/// <summary>
/// Chooses the format of a response: by <c>?format=</c> if it is given, else by the q-values of the Accept header, else
/// the endpoint's default. It also reads the parameters that vary a format (<c>bom</c>, <c>formulas</c>,
/// <c>download</c>).
/// </summary>
internal static class FormatChoice
{
    private const string Format = "format";
    private const string Bom = "bom";
    private const string Formulas = "formulas";

    /// <summary>The query parameters by which a body is chosen.</summary>
    public static readonly string[] Parameters = [Format, Bom, Formulas, DownloadName.Parameter];

    /// <summary>Reads a request. An unknown format gets 406, which lists the choices.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">The query string of the request; it collects mistakes in the other parameters.</param>
    /// <param name="defaultFormat">The format for a client that asks for none.</param>
    /// <param name="fileName">The name of a downloaded file for a client that gives no name, without extension.</param>
    /// <returns>The chosen format, or the problem.</returns>
    public static (ChosenFormat? Chosen, Problem? Problem) Read(
        HttpRequest request, RequestParameters parameters, StreamFormat defaultFormat, string fileName)
    {
        var named = parameters.Text(Format);
        var (format, contentType) = named is null
            ? ByAccept(request, defaultFormat)
            : (ByName(named), null);
        var variant = CsvOf(parameters, format);
        var file = DownloadName.Read(parameters, format, fileName);
        return format is null
            ? (null, NotOffered())
            : (new ChosenFormat(variant ?? format, contentType ?? format.ContentType, file), null);
    }

    private static StreamFormat? ByName(string name)
        => StreamFormats.All.FirstOrDefault(format => format.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static CsvFormat? CsvOf(RequestParameters parameters, StreamFormat? format)
    {
        var hasMark = parameters.OneOf(Bom, "0", "1") == "1";
        var escapesFormulas = parameters.OneOf(Formulas, "plain", "escape") == "escape";
        if (!hasMark && !escapesFormulas)
            return null;
        if (format is null || format == StreamFormats.Csv)
            return new CsvFormat(hasMark, escapesFormulas);

        var name = hasMark ? Bom : Formulas;
        parameters.Refuse(name, $"'{name}' is for CSV, but this response would be {format.Name}: add format=csv.");
        return null;
    }

    private static (StreamFormat? Format, string? ContentType) ByAccept(HttpRequest request, StreamFormat defaultFormat)
    {
        var accept = request.GetTypedHeaders().Accept;
        if (accept.Count == 0)
            return request.Headers.Accept.All(string.IsNullOrWhiteSpace) ? (defaultFormat, null) : (null, null);

        // The endpoint's default comes first: it wins among formats of the same quality, and so does the first of its
        // names.
        var best = StreamFormats.All
            .OrderBy(format => format == defaultFormat ? 0 : 1)
            .SelectMany(format => Names(format, accept))
            .MaxBy(name => name.Quality);
        return best.Quality > 0 ? (best.Format, best.ContentType) : (null, null);
    }

    /// <summary>
    /// The quality that the client gives to each media type of a format, 0–1: that of the most specific range that
    /// matches it (RFC 9110, section 12.5.1).
    /// </summary>
    private static IEnumerable<(StreamFormat Format, string ContentType, double Quality)> Names(
        StreamFormat format, IList<MediaTypeHeaderValue> accept)
    {
        var offered = MediaTypeHeaderValue.Parse(format.ContentType);
        var range = accept
            .Where(range => Specificity(range, offered) >= 0)
            .MaxBy(range => Specificity(range, offered));
        yield return (format, format.ContentType, QualityOf(range));

        // The other media types are chosen only if a client names them.
        var parameters = format.ContentType[offered.MediaType.Length..];
        foreach (var other in format.OtherMediaTypes)
            yield return (format, other + parameters, QualityOf(accept.FirstOrDefault(range => IsSame(range, other))));
    }

    private static double QualityOf(MediaTypeHeaderValue? range) => range is null ? 0 : range.Quality ?? 1;

    // Media types are compared as a whole. The framework's comparison matches "application/ndjson" with any "…+ndjson".
    private static int Specificity(MediaTypeHeaderValue range, MediaTypeHeaderValue offered)
        => IsSame(range, offered.MediaType.ToString()) ? 2
            : range.MatchesAllTypes ? 0
            : range.MatchesAllSubTypes && range.Type.Equals(offered.Type, StringComparison.OrdinalIgnoreCase) ? 1
            : -1;

    private static bool IsSame(MediaTypeHeaderValue range, string mediaType)
        => range.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase);

    private static Problem NotOffered()
    {
        var choices = StreamFormats.All.Select(format => $"{format.Name} ({format.ContentType.Split(';')[0]})");
        return Problem.NotAcceptable(
            $"This endpoint offers {string.Join(", ", choices)}: "
            + "choose one by the Accept header, or by its name in ?format=.");
    }
}

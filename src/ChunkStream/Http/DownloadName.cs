using ChunkStream.Formats;

namespace ChunkStream.Http;

/// <summary>
/// The parameter <c>?download</c> or <c>?download=name</c>, which makes a browser save the response as a file.
/// </summary>
internal static class DownloadName
{
    /// <summary>The query parameter.</summary>
    public const string Parameter = "download";

    private const int MaxLength = 150;

    // Each of these is forbidden in file names by some file system, and a name must not be a path.
    private const string Forbidden = "/\\:*?\"<>|";

    /// <summary>
    /// Reads the name of the file; null if no download is asked for. The name always has the extension of the format,
    /// so that a link can't make the browser save a program.
    /// </summary>
    /// <param name="parameters">The query string.</param>
    /// <param name="format">The chosen format; null if none of the formats was acceptable.</param>
    /// <param name="defaultName">The name without extension if only <c>?download</c> is given.</param>
    public static string? Read(RequestParameters parameters, StreamFormat? format, string defaultName)
    {
        if (parameters.Text(Parameter) is not { } name)
            return null;

        if (name.Length > MaxLength || name.StartsWith('.') || name.Any(IsForbidden))
        {
            parameters.Refuse(
                Parameter,
                $"'{Parameter}' must be the name of a file: at most {MaxLength} characters, none of them "
                + $"{string.Join(' ', Forbidden.AsEnumerable())} or a control character, and no dot at the start.");
            return null;
        }

        var ending = "." + (format?.FileExtension ?? "txt");
        name = name.Length == 0 ? NameOf(defaultName) : name;
        return name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? name : name + ending;
    }

    private static bool IsForbidden(char character)
        => char.IsControl(character) || Forbidden.Contains(character, StringComparison.Ordinal);

    // The default may be the pattern of a route, with characters that a file's name can't have.
    private static string NameOf(string stream)
        => string.Join('-', stream.Split(
            [.. Forbidden, '{', '}'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}

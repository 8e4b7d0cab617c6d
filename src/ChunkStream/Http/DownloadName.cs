using ChunkStream.Formats;

namespace ChunkStream.Http;

/// <summary><c>?download</c>, or <c>?download=name</c>: a browser saves the response as a file.</summary>
internal static class DownloadName
{
    /// <summary>The query parameter.</summary>
    public const string Parameter = "download";

    private const int MaxLength = 150;

    // No file system takes all of these, and a name is no path.
    private const string Forbidden = "/\\:*?\"<>|";

    /// <summary>The file's name, or null where none is asked for. It always ends as its format does: nobody's link makes a program of it.</summary>
    /// <param name="parameters">The query string.</param>
    /// <param name="format">The format, if there is one.</param>
    /// <param name="defaultName">Its name where only <c>?download</c> is given, without the ending.</param>
    public static string? Read(RequestParameters parameters, StreamFormat? format, string defaultName)
    {
        if (parameters.Text(Parameter) is not { } name)
            return null;

        if (name.Length > MaxLength || name.StartsWith('.') || name.Any(letter => char.IsControl(letter) || Forbidden.Contains(letter, StringComparison.Ordinal)))
        {
            parameters.Refuse(Parameter, $"'{Parameter}' must be the name of a file: at most {MaxLength} characters, without {string.Join(' ', Forbidden.AsEnumerable())}, and with no dot at its start.");
            return null;
        }

        var ending = "." + (format?.FileExtension ?? "txt");
        name = name.Length == 0 ? NameOf(defaultName) : name;
        return name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? name : name + ending;
    }

    // A route's pattern has what a file's name can't have.
    private static string NameOf(string stream)
        => string.Join('-', stream.Split([.. Forbidden, '{', '}'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}

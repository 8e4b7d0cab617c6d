using System.Globalization;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>One response, read from the bytes of a connection.</summary>
/// <param name="Method">The method of the request, if it is known.</param>
/// <param name="Status">The status.</param>
/// <param name="Headers">The headers.</param>
/// <param name="Body">What came of the body, each byte as a character.</param>
/// <param name="IsWhole">Whether all of it came.</param>
internal sealed record FuzzAnswer(
    string Method, int Status, IReadOnlyDictionary<string, string> Headers, string Body, bool IsWhole)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Reads the responses to requests with these methods, and gives the bytes that are left.</summary>
    public static (IReadOnlyList<FuzzAnswer> Answers, string Remainder) Parse(
        string text, IReadOnlyList<string> methods)
    {
        var answers = new List<FuzzAnswer>();
        while (text.StartsWith("HTTP/1.", StringComparison.Ordinal)
            && text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var end)
        {
            var lines = text[..end].Split("\r\n");
            var status = int.Parse(lines[0].AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            var headers = lines.Skip(1)
                .Select(line => line.Split(": ", 2))
                .GroupBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
                .ToDictionary(
                    group => group.Key,
                    group => string.Join(", ", group.Select(pair => pair.ElementAtOrDefault(1))),
                    StringComparer.OrdinalIgnoreCase);
            text = text[(end + 4)..];
            if (status < 200)
                continue;

            var method = answers.Count < methods.Count ? methods[answers.Count] : "";
            var (body, isWhole) = method == "HEAD" || status is 204 or 304 ? ("", true) : BodyOf(ref text, headers);
            answers.Add(new FuzzAnswer(method, status, headers, body, isWhole));
        }

        return (answers, text);
    }

    private static (string Body, bool IsWhole) BodyOf(ref string text, Dictionary<string, string> headers)
    {
        // The next response begins at once, so this was the answer to a HEAD that the parser did not know of.
        if (text.StartsWith("HTTP/1.", StringComparison.Ordinal))
            return ("", false);
        if (headers.GetValueOrDefault("Transfer-Encoding") == "chunked")
            return Chunks(ref text);
        if (!headers.TryGetValue("Content-Length", out var announced))
            return (Take(ref text, text.Length), true);

        var length = int.Parse(announced, NumberStyles.None, CultureInfo.InvariantCulture);
        return text.Length < length ? (Take(ref text, text.Length), false) : (Take(ref text, length), true);
    }

    private static (string Body, bool IsWhole) Chunks(ref string text)
    {
        var body = "";
        while (text.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var line
            && int.TryParse(
                text.AsSpan(0, line), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length)
            && text.Length >= line + 2 + length + 2)
        {
            Take(ref text, line + 2);
            body += Take(ref text, length);
            Take(ref text, 2);
            if (length == 0)
                return (body, true);
        }

        return (body + Take(ref text, text.Length), false);
    }

    private static string Take(ref string text, int length)
    {
        var taken = text[..length];
        text = text[length..];
        return taken;
    }
}

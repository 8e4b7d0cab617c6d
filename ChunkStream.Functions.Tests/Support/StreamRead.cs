using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// What a correct client makes of a response, by the rules of docs/formats.md: the records that it got, and whether it
/// knows that these are all.
/// </summary>
/// <param name="Records">The records.</param>
/// <param name="IsComplete">Whether they are all, by the rules of the format.</param>
/// <param name="Error">The error that the format said, or null.</param>
internal sealed record StreamRead(IReadOnlyList<string> Records, bool IsComplete, JsonNode? Error)
{
    /// <summary>
    /// Whether the body ended as HTTP requires. Clients of formats with an end mark need not check it, but the server
    /// must do it.
    /// </summary>
    public bool EndedCleanly { get; private init; }

    /// <summary>What has come, for the message of a test that fails.</summary>
    public string Body { get; private init; } = "";

    /// <summary>Reads a response of text records in the given format.</summary>
    public static async Task<StreamRead> OfAsync(HttpResponseMessage response, string format)
    {
        var body = new MemoryStream();
        var endedCleanly = true;
        try
        {
            await response.Content.CopyToAsync(body).Within();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            endedCleanly = false;
        }

        var text = Encoding.UTF8.GetString(body.ToArray());
        return response.IsSuccessStatusCode
            ? Of(text, endedCleanly, format)
            : new StreamRead([], IsComplete: false, Error: null) { Body = $"{response.StatusCode}: {text}" };
    }

    /// <summary>Reads a body of text records in the given format.</summary>
    public static StreamRead Of(string text, bool endedCleanly, string format)
        => Parse(text, endedCleanly, format) with { EndedCleanly = endedCleanly, Body = text };

    /// <summary>These records have come, it is known that they are all, and the response ended cleanly.</summary>
    public void AssertWhole(IEnumerable<string> records)
    {
        Assert.True(
            IsComplete && EndedCleanly,
            $"IsComplete: {IsComplete}, EndedCleanly: {EndedCleanly}, the end of what came: {LastOfBody}");
        Assert.Equal(records, Records);
    }

    /// <summary>It is known that something is missing, and the response was cut.</summary>
    /// <param name="because">What to say otherwise.</param>
    public void AssertCut(string because = "")
        => Assert.False(
            IsComplete || EndedCleanly,
            $"{because} IsComplete: {IsComplete}, EndedCleanly: {EndedCleanly}, the end of what came: {LastOfBody}");

    private string LastOfBody => Body.Length > 1000 ? Body[^1000..] : Body;

    private static StreamRead Parse(string text, bool endedCleanly, string format)
        => format switch
        {
            // The format has no end mark, so HTTP must say that the body is complete. Records contain line breaks, so
            // the text can't be split.
            "text" => new StreamRead([text], endedCleanly, null),
            "ndjson" => new StreamRead(Json(Lines(text)), endedCleanly, null),
            "csv" => Csv(text, endedCleanly),
            "json" => JsonArray(text, endedCleanly),
            "sse" => Events(text),
            "frames" => Frames(text),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "No such format."),
        };

    // A last line without its line break is half a record, or nothing.
    private static string[] Lines(string text) => text.Split('\n')[..^1];

    private static string[] Json(IEnumerable<string> lines)
        => [.. lines.Select(line => JsonSerializer.Deserialize<string>(line)!)];

    private static StreamRead JsonArray(string text, bool endedCleanly)
    {
        try
        {
            return new StreamRead(JsonSerializer.Deserialize<string[]>(text)!, endedCleanly, null);
        }
        catch (JsonException)
        {
            return new StreamRead([], IsComplete: false, Error: null);
        }
    }

    private static StreamRead Csv(string text, bool endedCleanly)
    {
        // One column: a line is a field, in quotes or not.
        var records = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var quoted = text[at] == '"';
            var end = quoted ? at + 1 : text.IndexOf('\r', at);
            while (quoted && end >= 0)
            {
                end = text.IndexOf('"', end);
                if (end < 0 || end + 1 >= text.Length || text[end + 1] != '"')
                    break;
                end += 2;
            }

            if (end < 0)
                break;
            records.Add(quoted ? text[(at + 1)..end].Replace("\"\"", "\"", StringComparison.Ordinal) : text[at..end]);
            at = end + (quoted ? 3 : 2);
        }

        return new StreamRead(
            records.Count > 0 ? records[1..] : [],
            endedCleanly && text.EndsWith("\r\n", StringComparison.Ordinal), null);
    }

    private static StreamRead Events(string text)
    {
        var (records, complete, error) = (new List<string>(), false, (JsonNode?)null);
        foreach (var block in text.Split("\n\n")[..^1])
        {
            var fields = block.Split('\n').Where(line => !line.StartsWith(':')).Select(line => line.Split(": ", 2))
                .ToArray();
            var name = fields.FirstOrDefault(field => field[0] == "event")?[1] ?? "message";
            var data = string.Join('\n', fields.Where(field => field[0] == "data").Select(field => field[1]));
            if (name == "end")
                complete = JsonNode.Parse(data)!["rows"]!.GetValue<long>() == records.Count;
            else if (name == "error")
                error = JsonNode.Parse(data);
            else if (name == "message" && data.Length > 0)
                records.Add(JsonSerializer.Deserialize<string>(data)!);
        }

        return new StreamRead(records, complete, error);
    }

    private static StreamRead Frames(string text)
    {
        var (records, complete, error) = (new List<string>(), false, (JsonNode?)null);
        foreach (var line in Lines(text))
        {
            var (kind, value) = Assert.Single(JsonNode.Parse(line)!.AsObject());
            if (kind == "end")
                complete = value!["rows"]!.GetValue<long>() == records.Count;
            else if (kind == "error")
                error = value;
            else if (kind == "row")
                records.Add(value!.GetValue<string>());
        }

        return new StreamRead(records, complete, error);
    }
}

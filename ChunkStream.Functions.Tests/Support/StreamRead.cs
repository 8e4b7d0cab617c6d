using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// What a correct client makes of a response, by the rules of docs/formats.md: the records that it got, and whether it
/// knows that these are all.
/// </summary>
internal sealed record StreamRead(IReadOnlyList<string> Records, bool IsComplete, JsonNode? Error)
{
    /// <summary>Reads a response of text records in the given format.</summary>
    public static async Task<StreamRead> OfAsync(HttpResponseMessage response, string format)
    {
        if (!response.IsSuccessStatusCode)
            return new StreamRead([], IsComplete: false, Error: null);

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
        return format switch
        {
            // No mark of its own: HTTP must say that the body is whole. Records here hold line breaks, so text can't be parted.
            "text" => new StreamRead([text], endedCleanly, null),
            "ndjson" => new StreamRead(Json(Lines(text)), endedCleanly, null),
            "csv" => Csv(text, endedCleanly),
            "json" => JsonArray(text, endedCleanly),
            "sse" => Events(text),
            "frames" => Frames(text),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "No such format."),
        };
    }

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

        return new StreamRead(records.Count > 0 ? records[1..] : [], endedCleanly && text.EndsWith("\r\n", StringComparison.Ordinal), null);
    }

    private static StreamRead Events(string text)
    {
        var (records, complete, error) = (new List<string>(), false, (JsonNode?)null);
        foreach (var block in text.Split("\n\n")[..^1])
        {
            var fields = block.Split('\n').Where(line => !line.StartsWith(':')).Select(line => line.Split(": ", 2)).ToArray();
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

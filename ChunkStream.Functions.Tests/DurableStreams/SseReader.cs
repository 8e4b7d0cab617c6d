using System.Text;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>Reads events as https://html.spec.whatwg.org/multipage/server-sent-events.html demands.</summary>
internal static class SseReader
{
    public static List<(string Name, string Data)> Events(string text)
    {
        var (events, name, data) = (new List<(string, string)>(), "", new StringBuilder());
        foreach (var line in text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n')[..^1])
        {
            if (line.Length == 0)
            {
                if (data.Length > 0)
                    events.Add((name, data.ToString(0, data.Length - 1)));
                (name, _) = ("", data.Clear());
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
            value = value.StartsWith(' ') ? value[1..] : value;
            if (field == "event")
                name = value;
            else if (field == "data")
                data.Append(value).Append('\n');
        }

        return events;
    }
}

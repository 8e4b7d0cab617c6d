using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>EventSource connects again after every end, and says where it was. After the one that was the end, 204 tells it to stop.</summary>
internal static class LastEventId
{
    private const string Header = "Last-Event-ID";

    /// <summary>As which query parameters it is taken, too: EventSource's replacements can't always set a header.</summary>
    public static readonly string[] Parameters = ["lastEventId", Header];

    /// <summary>The id of the last event that an EventSource got, or null where none asks.</summary>
    public static string? Read(HttpRequest request, StreamFormat? format)
    {
        if (format != StreamFormats.Sse)
            return null;

        // The header is the newer one: a page that has begun with a parameter sends both when it connects again.
        string[] given = [request.Headers[Header].ToString(), .. Parameters.Select(name => request.Query[name].ToString())];
        return given.FirstOrDefault(id => id.Length > 0);
    }
}

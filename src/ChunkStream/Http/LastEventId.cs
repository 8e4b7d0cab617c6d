using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// The id with which an EventSource connects again, which it does after every end of a response. The id says how far
/// the client is, or that it had the end of the stream (<see cref="SseFormat.EndId"/>).
/// </summary>
internal static class LastEventId
{
    private const string Header = "Last-Event-ID";

    /// <summary>
    /// The query parameters that may give the id instead: not every EventSource library can set a header.
    /// </summary>
    public static readonly string[] Parameters = ["lastEventId", Header];

    /// <summary>
    /// The id of the last event that the client got; null if it gives none, or the format has no events.
    /// </summary>
    public static string? Read(HttpRequest request, StreamFormat? format)
    {
        if (format != StreamFormats.Sse)
            return null;

        // The header wins: a page that began with a parameter sends both when it connects again, and the header is the
        // newer.
        string[] given =
        [
            request.Headers[Header].ToString(),
            .. Parameters.Select(name => request.Query[name].ToString()),
        ];
        return given.FirstOrDefault(id => id.Length > 0);
    }
}

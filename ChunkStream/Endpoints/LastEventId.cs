using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Endpoints;

/// <summary>EventSource connects again after every end, and says where it was. After the one that was the end, 204 tells it to stop.</summary>
internal static class LastEventId
{
    /// <summary>The id of the last event that an EventSource got, or null where none asks.</summary>
    public static string? Of(HttpRequest request, StreamFormat? format)
        => format == StreamFormats.Sse && request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id ? id : null;
}

using Microsoft.Net.Http.Headers;

namespace ChunkStream.Endpoints.Durable;

/// <summary>What a stream's content type says of its data.</summary>
internal static class StreamContent
{
    /// <summary>Whether it is JSON mode's.</summary>
    public static bool IsJson(string contentType)
        => MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is <c>text/*</c>.</summary>
    public static bool IsText(string contentType)
        => MediaTypeHeaderValue.TryParse(contentType, out var type) && type.Type.Equals("text", StringComparison.OrdinalIgnoreCase);
}

using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>What a stream's content type says of its data.</summary>
internal static class ContentTypes
{
    /// <summary>Whether streams of this type are in JSON mode.</summary>
    public static bool IsJson(string contentType)
        => MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether a response header can hold it: only visible ASCII and spaces. A quoted parameter may have other
    /// characters.
    /// </summary>
    public static bool IsHeader(string contentType) => !contentType.AsSpan().ContainsAnyExceptInRange(' ', '~');

    /// <summary>
    /// The Content-Type of a response: the stream's own type, without its parameters if a header can't hold them.
    /// Streams may still have such types from the time before they were checked.
    /// </summary>
    public static string Header(string contentType)
    {
        if (IsHeader(contentType))
            return contentType;
        var parameters = contentType.IndexOf(';', StringComparison.Ordinal);
        var type = (parameters < 0 ? contentType : contentType[..parameters]).Trim();
        return IsHeader(type) ? type : Unknown;
    }

    /// <summary>Bytes of which nothing is known.</summary>
    public const string Unknown = "application/octet-stream";

    /// <summary>Whether it is <c>text/*</c>.</summary>
    public static bool IsText(string contentType)
        => MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.Type.Equals("text", StringComparison.OrdinalIgnoreCase);
}

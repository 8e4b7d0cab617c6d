using System.Security.Cryptography;
using System.Text;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.Chat.Requests;

/// <summary>
/// Names the recordings of a chat. Ids and owners are opaque: each becomes one segment of a path, and no two the same.
/// </summary>
internal static class ChatKey
{
    /// <summary>How long an id may be, in characters.</summary>
    public const int MaxLength = 1000;

    // Longer segments are hashed, so that all paths are short enough for a stream.
    private const int MaxSegment = 128;

    /// <summary>The name under which a chat's answers are recorded.</summary>
    public static RecordingName Create(string collection, string? owner, string id)
        => new(collection, owner is null ? Segment(id) : $"{Segment(owner)}/{Segment(id)}");

    /// <summary>The id that the route names; null if it names none.</summary>
    /// <param name="request">A request to a route that ends with <c>{id}/stream</c>.</param>
    /// <param name="parameter">The route's parameter.</param>
    public static string? FromRoute(HttpRequest request, string parameter)
    {
        var value = request.RouteValues[parameter]?.ToString();
        if (value is null || !value.Contains('%', StringComparison.Ordinal))
            return value;

        // The server leaves %2F as it is, which then can't be told from an id that has these three characters. So the
        // id is read from the address as it was sent.
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var segments = target.Split('?')[0].TrimEnd('/').Split('/');
        if (segments.Length < 2)
            return value;

        // The host of Azure Functions does the same, and encodes the percent sign when it forwards the request.
        var isForwarded = request.HttpContext.Features.Get<IInvocationFeature>() is not null;
        return Uri.UnescapeDataString(isForwarded
            ? segments[^2].Replace("%252F", "%2F", StringComparison.OrdinalIgnoreCase)
            : segments[^2]);
    }

    private static string Segment(string text)
    {
        var segment = new StringBuilder();
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)unit) || unit is (byte)'-' or (byte)'_')
                segment.Append((char)unit);
            else
                segment.Append('~').Append(unit.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return segment.Length <= MaxSegment
            ? segment.ToString()
            : "~~" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}

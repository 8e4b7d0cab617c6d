using System.Globalization;
using ChunkStream.DurableStreams.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// What caches may do with what was read (PROTOCOL.md, 10): a position's data never change, but a stream may go.
/// </summary>
internal static class ReadCaching
{
    private const int FreshSeconds = 60;
    private const int StaleSeconds = 300;

    /// <summary>The Cache-Control of a part of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="isPublic">Whether whoever shares a cache may read it, too.</param>
    /// <param name="isNothingYet">
    /// Whether the part is empty, and may not stay so: then a cache must ask each time.
    /// </param>
    /// <param name="now">Now.</param>
    public static string Control(DurableStream stream, bool isPublic, bool isNothingYet, DateTimeOffset now)
    {
        var scope = isPublic ? "public" : "private";
        if (isNothingYet)
            return $"{scope}, no-cache";

        // No longer than the stream itself is there.
        var untilEnd = stream.ExpiresAt is { } end ? Math.Max(0, (long)(end - now).TotalSeconds) : long.MaxValue;
        var left = Math.Min(stream.TtlSeconds ?? long.MaxValue, untilEnd);
        return left < FreshSeconds + StaleSeconds
            ? string.Create(CultureInfo.InvariantCulture, $"{scope}, max-age={Math.Min(left, FreshSeconds)}")
            : string.Create(CultureInfo.InvariantCulture,
                $"{scope}, max-age={FreshSeconds}, stale-while-revalidate={StaleSeconds}");
    }

    /// <summary>
    /// The tag of a part of a stream. It changes when the stream is closed, which the part's reader must hear of.
    /// </summary>
    public static EntityTagHeaderValue Tag(DurableStream stream, long start, long end, bool closed)
        => new(string.Create(CultureInfo.InvariantCulture, $"\"{stream.Id}:{start}:{end}{(closed ? ":c" : "")}\""));

    /// <summary>The same, of a body that was encoded on the way: equal in content, not byte for byte.</summary>
    public static EntityTagHeaderValue Weak(EntityTagHeaderValue tag) => new(tag.Tag, isWeak: true);

    /// <summary>Whether the client has that part already.</summary>
    public static bool IsKnown(HttpRequest request, EntityTagHeaderValue tag)
        => request.GetTypedHeaders().IfNoneMatch.Any(known
            => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
}

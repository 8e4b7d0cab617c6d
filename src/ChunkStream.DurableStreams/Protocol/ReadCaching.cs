using System.Globalization;
using ChunkStream.DurableStreams.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// Tells caches what they may do with a response (PROTOCOL.md, 10). The data at a position never change, but a stream
/// may be deleted.
/// </summary>
internal static class ReadCaching
{
    private const int FreshSeconds = 60;
    private const int StaleSeconds = 300;

    /// <summary>The Cache-Control of a part of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="isPublic">Whether everyone may read it, so that a shared cache may keep it.</param>
    /// <param name="mustAsk">Whether a cache must ask each time before it gives what it keeps.</param>
    /// <param name="accessEnd">When the reader's access ends; null if it does not.</param>
    /// <param name="now">The current time.</param>
    public static string Control(
        DurableStream stream, bool isPublic, bool mustAsk, DateTimeOffset? accessEnd, DateTimeOffset now)
    {
        var scope = isPublic ? "public" : "private";
        if (mustAsk)
            return $"{scope}, no-cache";

        // A cache may not keep a part for longer than the stream itself lives, or its reader may read it.
        var left = Math.Min(stream.TtlSeconds ?? long.MaxValue, Math.Min(Until(stream.ExpiresAt), Until(accessEnd)));
        return left < FreshSeconds + StaleSeconds
            ? string.Create(CultureInfo.InvariantCulture, $"{scope}, max-age={Math.Min(left, FreshSeconds)}")
            : string.Create(CultureInfo.InvariantCulture,
                $"{scope}, max-age={FreshSeconds}, stale-while-revalidate={StaleSeconds}");

        long Until(DateTimeOffset? end) => end is { } at ? Math.Max(0, (long)(at - now).TotalSeconds) : long.MaxValue;
    }

    /// <summary>
    /// The tag of a part of a stream. It changes when the stream is closed, which the part's reader must hear of.
    /// </summary>
    public static EntityTagHeaderValue Tag(DurableStream stream, long start, long end, bool closed)
        => new(string.Create(CultureInfo.InvariantCulture, $"\"{stream.Id}:{start}:{end}{(closed ? ":c" : "")}\""));

    /// <summary>
    /// The same tag for a body that was compressed on the way: its content is equal, but not its bytes.
    /// </summary>
    public static EntityTagHeaderValue Weak(EntityTagHeaderValue tag) => new(tag.Tag, isWeak: true);

    /// <summary>Whether the client has that part already.</summary>
    public static bool IsKnown(HttpRequest request, EntityTagHeaderValue tag)
        => request.GetTypedHeaders().IfNoneMatch.Any(known
            => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
}

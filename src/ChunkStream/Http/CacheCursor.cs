using System.Globalization;

namespace ChunkStream.Http;

/// <summary>
/// The cursor of a live response, as the protocols of Durable Streams (PROTOCOL.md, 10.1) and of Electric have it: the
/// number of the current interval of time, so that a cache never gives a client its own last answer again. What a
/// client has seen is never repeated.
/// </summary>
internal static class CacheCursor
{
    private const int MaxJitterSeconds = 3600;

    // Larger than any clock makes it, and small enough to add to it.
    private const long Largest = 1_000_000_000_000_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly DateTimeOffset Epoch = new(2024, 10, 9, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Reads a client's <c>?cursor=</c>. Null if there is none, or if it is not a cursor.</summary>
    public static long? Parse(string? text)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cursor) && cursor < Largest
            ? cursor
            : null;

    /// <summary>The lowest cursor that a client may be given.</summary>
    /// <param name="seen">The cursor that it has, or null.</param>
    /// <param name="now">The current time.</param>
    public static long Floor(long? seen, DateTimeOffset now)
        => seen is not { } cursor || cursor < Current(now)
            ? 0
            : cursor + (long)Math.Ceiling(Random.Shared.Next(1, MaxJitterSeconds + 1) / Interval.TotalSeconds);

    /// <summary>The cursor of a response that ends now.</summary>
    /// <param name="seen">The cursor that the client has, or null.</param>
    /// <param name="now">The current time.</param>
    public static long Next(long? seen, DateTimeOffset now) => Math.Max(Floor(seen, now), Current(now));

    /// <summary>The number of the interval that it is now.</summary>
    public static long Current(DateTimeOffset now) => (now - Epoch).Ticks / Interval.Ticks;
}

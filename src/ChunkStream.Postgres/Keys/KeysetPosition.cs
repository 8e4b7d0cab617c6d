using System.Diagnostics;

namespace ChunkStream.Postgres.Keys;

/// <summary>A place between two rows of a keyed query.</summary>
/// <param name="Rows">How many rows the whole stream has had until there. 0 or more.</param>
/// <param name="Values">The values of the key's columns in the last of them, in their text form.</param>
internal sealed record KeysetPosition(long Rows, IReadOnlyList<string> Values)
{
    /// <summary>The span with which the stream began, if the place is from a token that names it; else null.</summary>
    public ActivityContext? Origin { get; init; }
}

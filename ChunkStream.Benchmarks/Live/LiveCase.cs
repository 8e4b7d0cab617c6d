namespace ChunkStream.Benchmarks.Live;

/// <summary>A case of the benchmark.</summary>
/// <param name="What">What it is, for the table.</param>
/// <param name="Readers">How many readers there are, half of them on each of two instances.</param>
/// <param name="ChangesPerSecond">How many commits a second the writer makes, each of one row.</param>
/// <param name="HasOwnRows">
/// Whether each reader follows a row of its own, by a parameter; otherwise all follow all.
/// </param>
/// <param name="IsFiltered">Whether the query's file says which parameter tells the changes apart.</param>
internal sealed record LiveCase(
    string What, int Readers, int ChangesPerSecond, bool HasOwnRows, bool IsFiltered = false)
{
    /// <summary>All cases.</summary>
    public static IReadOnlyList<LiveCase> All { get; } =
    [
        new("10 readers of one query", 10, 50, HasOwnRows: false),
        new("1,000 readers of one query", 1_000, 20, HasOwnRows: false),
        new("100 readers, a row each", 100, 100, HasOwnRows: true),
        new("300 readers, a row each", 300, 100, HasOwnRows: true),
        new("1,000 readers, a row each", 1_000, 100, HasOwnRows: true),
        new("100 readers, a row each, `where owner = @owner`", 100, 100, HasOwnRows: true, IsFiltered: true),
        new("300 readers, a row each, `where owner = @owner`", 300, 100, HasOwnRows: true, IsFiltered: true),
        new("1,000 readers, a row each, `where owner = @owner`", 1_000, 100, HasOwnRows: true, IsFiltered: true),
    ];

    /// <summary>The path of a reader's stream.</summary>
    public string PathOf(int reader)
        => HasOwnRows
            ? $"api/queries/live_rows_of{(IsFiltered ? "_filtered" : "")}?owner={reader}&live=sse&format=frames"
            : "api/queries/live_rows?live=sse&format=frames";
}

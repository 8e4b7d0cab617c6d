using ChunkStream.Postgres.Rows;

namespace ChunkStream.Postgres.Live;

/// <summary>What one request asks of a live query.</summary>
/// <param name="Rows">
/// How its rows are read at the start. Its <see cref="QueryRun.After"/> is where a start goes on that was cut.
/// </param>
/// <param name="ResolveAsync">
/// Finds the watches of the query, and has their changes logged, if that is not so yet. It is told whether those that
/// are known have proved not to be good.
/// </param>
internal sealed record LiveRun(QueryRun Rows, Func<bool, CancellationToken, Task<LiveQuery>> ResolveAsync)
{
    /// <summary>The position that the client has, or that a start had which was cut; null for a new start.</summary>
    public LivePosition? Since { get; init; }

    /// <summary>
    /// After what time without a change the response ends; null for one that lasts, and gives step after step.
    /// </summary>
    public TimeSpan? PollTime { get; init; }
}

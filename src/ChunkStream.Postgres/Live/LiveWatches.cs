using ChunkStream.Postgres.Live.Changes;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// The watches of tables. The database is asked for them once in a few seconds, however many readers come; and at once
/// for a reader that has found that they are not good.
/// </summary>
/// <param name="changes">The log of changes.</param>
/// <param name="time">The clock.</param>
internal sealed class LiveWatches(ChangeLog changes, TimeProvider time)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (Task<IReadOnlyList<Watch>> Watches, long Asked)> _known =
        new(StringComparer.Ordinal);

    /// <summary>The watches of tables, in their order. They log what is committed from now on.</summary>
    /// <param name="tables">Tables, with the columns whose values are logged.</param>
    /// <param name="isAnew">Whether those that are known have proved not to be good.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="WatchRefusedException">A table can't be watched.</exception>
    public Task<IReadOnlyList<Watch>> EnsureAsync(
        IReadOnlyList<(uint Table, IReadOnlyList<string> Columns)> tables,
        bool isAnew,
        CancellationToken cancellation)
    {
        var key = string.Join(';', tables.Select(table => $"{table.Table}:{string.Join('\0', table.Columns)}"));
        Task<IReadOnlyList<Watch>> asking;
        lock (_lock)
        {
            if (!_known.TryGetValue(key, out var known)
                || (known.Watches.IsCompleted
                    && (isAnew || HasFailed(known.Watches) || time.GetElapsedTime(known.Asked) > Age)))
            {
                known = (changes.EnsureAsync(tables, CancellationToken.None), time.GetTimestamp());
                _known[key] = known;
            }

            asking = known.Watches;
        }

        return asking.WaitAsync(cancellation);
    }

    // A refusal is an answer: to ask again takes seconds, and changes nothing until somebody does something about it.
    // A standby says so at once, and may soon be one no more.
    private static bool HasFailed(Task asked)
        => !asked.IsCompletedSuccessfully
            && asked.Exception?.InnerException is not WatchRefusedException { IsStandby: false };
}

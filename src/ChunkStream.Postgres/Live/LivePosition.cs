using System.Globalization;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Where the reader of a live query is: whoever is there has the result as a snapshot of the database shows it.
/// </summary>
/// <param name="Snapshot">The snapshot, as <c>pg_current_snapshot()</c> gives it: <c>xmin:xmax:xip,xip,…</c></param>
/// <param name="Generations">
/// The watches with their generations, as <c>id.generation,…</c>: with others, changes may have been missed.
/// </param>
internal sealed record LivePosition(string Snapshot, string Generations)
{
    /// <summary>The place of a reader that has nothing that is good: from it, the rows come anew.</summary>
    public static LivePosition Unknown { get; } = new("1:1:", "");

    /// <summary>Both in one text.</summary>
    public override string ToString() => $"{Snapshot}/{Generations}";

    /// <summary>Reads the text; null if it is none.</summary>
    public static LivePosition? Parse(string text)
        => text.Split('/') is [var snapshot, var generations] ? new LivePosition(snapshot, generations) : null;

    /// <summary>The position of another snapshot.</summary>
    public LivePosition With(string snapshot) => this with { Snapshot = snapshot };

    /// <summary>Whether a snapshot shows all that another one does, and more.</summary>
    /// <remarks>
    /// As time goes by, transactions only end: of any two snapshots of a server one shows all that the other does. The
    /// later one has the greater <c>xmax</c>, the first transaction that had not begun; or of the transactions before
    /// it, fewer that run.
    /// </remarks>
    public bool IsAfter(LivePosition other)
    {
        var ((end, running), (endOfOther, runningOfOther)) = (Place(Snapshot), Place(other.Snapshot));
        return end > endOfOther || (end == endOfOther && running < runningOfOther);
    }

    private static (ulong End, int Running) Place(string snapshot)
    {
        var parts = snapshot.Split(':');
        var running = parts[2].Length == 0 ? 0 : parts[2].AsSpan().Count(',') + 1;
        return (ulong.Parse(parts[1], CultureInfo.InvariantCulture), running);
    }
}

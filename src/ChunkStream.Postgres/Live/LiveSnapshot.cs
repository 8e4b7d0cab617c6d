using System.Globalization;

namespace ChunkStream.Postgres.Live;

/// <summary>A snapshot of the database: which transactions it shows as finished.</summary>
internal sealed class LiveSnapshot
{
    private readonly ulong _end;
    private readonly int _running;

    /// <param name="text">As <c>pg_current_snapshot()</c> gives it: <c>xmin:xmax:xip,xip,…</c></param>
    public LiveSnapshot(string text)
    {
        Text = text;
        var parts = text.Split(':');
        _end = ulong.Parse(parts[1], CultureInfo.InvariantCulture);
        _running = parts[2].Length == 0 ? 0 : parts[2].AsSpan().Count(',') + 1;
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>
    /// Where it is in the order of snapshots: its <c>xmax</c>, and how many transactions before it are running.
    /// </summary>
    public (ulong End, int Running) Place => (_end, _running);

    /// <summary>Whether it shows all that another one does, and more.</summary>
    /// <remarks>
    /// As time goes by, transactions only end: of any two snapshots of a server one shows all that the other does. The
    /// later one has the greater <c>xmax</c>, the first transaction that had not begun; or of the transactions before
    /// it, fewer that run.
    /// </remarks>
    public bool IsAfter(LiveSnapshot other)
        => _end > other._end || (_end == other._end && _running < other._running);
}

using System.Globalization;

namespace ChunkStream.Postgres.Live.Changes;

/// <summary>The statements by which the change log is read.</summary>
internal static class ChangeLogSql
{
    /// <summary>Listens to the notices that writers send.</summary>
    public const string Listen = "LISTEN chunkstream_live";

    /// <summary>
    /// The snapshot of the transaction, and the state of watches in it. Its parameters are the numbers of the watches,
    /// and the position since which there may be changes: null at a start, which asks whether the snapshot itself is a
    /// good position.
    /// </summary>
    public const string States =
        """
        SELECT pg_catalog.pg_current_snapshot()::text, l.watch, l.generation, l.problem, l.has_changes
        FROM chunkstream_live.look($1::pg_catalog.int4[], $2::pg_catalog.text::pg_catalog.pg_snapshot) AS l
        """;

    /// <summary>
    /// Locks logs against being emptied. It takes no snapshot, and has to come before whatever does: a part of the log
    /// that is emptied after the snapshot would look as if nothing had changed. A start needs no lock, nor may a long
    /// transaction hold one.
    /// </summary>
    /// <param name="watches">The numbers of the watches.</param>
    public static string Lock(IEnumerable<int> watches)
        => "LOCK TABLE " + string.Join(", ", watches.Select(Log)) + " IN ACCESS SHARE MODE";

    /// <summary>
    /// The values that were logged since a position, as text. Values that are null, of which no key is made, are left
    /// out; but not composite values that have a null within, which <c>IS NOT NULL</c> would leave out, too. Its first
    /// parameter is the position.
    /// </summary>
    /// <param name="watch">The watch.</param>
    /// <param name="columns">How many of its columns are wanted: the first ones.</param>
    /// <param name="conditions">Conditions on what was logged.</param>
    /// <param name="atMost">How many to give at most.</param>
    /// <param name="trimmed">
    /// The numbers, from 1, of columns of the type <c>character(n)</c> whose values are wanted without the spaces that
    /// fill them up.
    /// </param>
    public static string Values(
        Watch watch, int columns, IEnumerable<string> conditions, int atMost, IReadOnlyList<int>? trimmed = null)
    {
        string[] names = [.. Enumerable.Range(1, columns).Select(Column)];
        var texts = string.Join(", ", names.Select((name, index) => trimmed?.Contains(index + 1) is true
            ? $"CAST({name} AS pg_catalog.text)"
            : $"pg_catalog.format('%s', {name})"));
        var since = Since(watch, [.. names.Select(name => $"pg_catalog.num_nulls({name}) = 0"), .. conditions]);
        return string.Create(CultureInfo.InvariantCulture, $"SELECT DISTINCT {texts} FROM {since} LIMIT {atMost}");
    }

    /// <summary>
    /// What was logged since a position, the first parameter, as it stands behind FROM: columns <c>c1</c>, <c>c2</c> …
    /// </summary>
    /// <param name="watch">The watch.</param>
    /// <param name="conditions">Conditions on what was logged.</param>
    public static string Since(Watch watch, IEnumerable<string> conditions)
        => $"""
            {Log(watch.Id)}
            WHERE (xid >= pg_catalog.pg_snapshot_xmax($1::pg_catalog.pg_snapshot)
              OR xid = ANY (ARRAY(SELECT pg_catalog.pg_snapshot_xip($1::pg_catalog.pg_snapshot))))
              {string.Concat(conditions.Select(condition => $" AND {condition}"))}
            """;

    private static string Log(int watch)
        => string.Create(CultureInfo.InvariantCulture, $"chunkstream_live.log_{watch}");

    private static string Column(int number) => string.Create(CultureInfo.InvariantCulture, $"c{number}");
}

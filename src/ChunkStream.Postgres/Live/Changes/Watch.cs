namespace ChunkStream.Postgres.Live.Changes;

/// <summary>A table together with the columns of it whose values the change log has.</summary>
/// <param name="Id">Its number: the log is the view <c>chunkstream_live.log_{Id}</c>.</param>
/// <param name="Columns">How many columns: in the log they are <c>c1</c>, <c>c2</c> and so on.</param>
/// <param name="Table">
/// The table's name, as SQL quotes it, for as long as the watch is good; empty if the table is not there any more.
/// </param>
internal sealed record Watch(int Id, int Columns, string Table);

/// <summary>Why the change log does not tell what has changed since a position.</summary>
internal static class WatchProblem
{
    /// <summary>A standby does not know which transactions are running.</summary>
    public const string Standby = "standby";

    /// <summary>The watch is not there any more.</summary>
    public const string Gone = "gone";

    /// <summary>
    /// The triggers wrote nothing for a time, or the server crashed, or the position is older than that.
    /// </summary>
    public const string Lapsed = "lapsed";

    /// <summary>The table was truncated or altered, or its partitions, policies or triggers were.</summary>
    public const string Structure = "structure";

    /// <summary>
    /// Somebody who wrote before the triggers were there has not finished: a later snapshot will be a good position.
    /// </summary>
    public const string Starting = "starting";

    /// <summary>What changed since the position is not in the log any more.</summary>
    public const string Cut = "cut";

    /// <summary>One statement changed more rows, or larger values, than are logged one by one.</summary>
    public const string Many = "many";
}

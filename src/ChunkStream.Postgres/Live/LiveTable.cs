namespace ChunkStream.Postgres.Live;

/// <summary>A table whose changes lead to rows of a live query.</summary>
/// <param name="Oid">Its object identifier.</param>
/// <param name="Name">Its name with its schema, as SQL quotes it.</param>
/// <param name="Columns">The columns whose values are logged.</param>
internal sealed record LiveTable(uint Oid, string Name, IReadOnlyList<LiveColumn> Columns)
{
    /// <summary>Which of its rows concern a reader; empty where all do.</summary>
    public IReadOnlyList<LiveFilter> Filters { get; init; } = [];

    /// <summary>Gives the keys for the values <c>@changed</c>; null where the values are keys themselves.</summary>
    public string? Sql { get; init; }

    /// <summary>The line of the declaration.</summary>
    public int Line { get; init; }
}

/// <summary>A column whose values are logged.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type, as SQL spells it.</param>
/// <param name="Collation">
/// Its collation, as SQL spells it, if it has another than its type, or than the type beneath its domain; else null.
/// </param>
internal sealed record LiveColumn(string Name, string Type, string? Collation)
{
    /// <summary>Whether its type is <c>character(n)</c>, so that spaces at the end of a value mean nothing.</summary>
    public bool IsPadded { get; init; }

    /// <summary>
    /// Whether its values are wanted without these spaces: they are values of a key of another type, to which the
    /// spaces would mean something. Postgres leaves them away, too, where it turns such a value into that type.
    /// </summary>
    public bool IsTrimmed { get; init; }
}

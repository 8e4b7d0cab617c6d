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

    /// <summary>
    /// The numbers of the columns, from 1, whose values are keys, without the spaces that fill them up. They are of the
    /// type <c>character(n)</c>, where these spaces mean nothing, and the key is of a type to which they would.
    /// </summary>
    public IReadOnlyList<int> Trimmed { get; init; } = [];

    /// <summary>The line of the declaration.</summary>
    public int Line { get; init; }
}

/// <summary>A column whose values are logged.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type, as SQL spells it.</param>
/// <param name="Collation">
/// Its collation, as SQL spells it, if it has another than its type has (of a domain: the type beneath it); else null.
/// </param>
/// <param name="IsPadded">Whether its type is <c>character(n)</c>, so that spaces fill up its values.</param>
internal sealed record LiveColumn(string Name, string Type, string? Collation, bool IsPadded);

namespace ChunkStream.Postgres.Keys;

/// <summary>
/// How Postgres compares the values of a key's column, and how a value travels as text and comes back as itself.
/// </summary>
/// <param name="Name">
/// The type in which Postgres compares the values, with its schema: a position's value is cast to it by this name.
/// </param>
/// <param name="Text">Where the text of a value comes from.</param>
internal sealed record KeyType(string Name, KeyText Text)
{
    private static readonly string[] BuiltIn =
    [
        "OPERATOR(pg_catalog.<)", "OPERATOR(pg_catalog.<=)", "OPERATOR(pg_catalog.=)", "OPERATOR(pg_catalog.>=)",
        "OPERATOR(pg_catalog.>)",
    ];

    /// <summary>
    /// The five operators of the order in which ORDER BY sorts the type, each with its schema: &lt; &lt;= = &gt;= &gt;.
    /// </summary>
    public IReadOnlyList<string> Operators { get; init; } = BuiltIn;

    /// <summary>Whether it is <c>character(n)</c>: spaces at the end of a value mean nothing.</summary>
    public bool IsPadded => Name == "pg_catalog.bpchar";

    /// <summary>
    /// Whether a column has another type than the one in which it is compared: <c>varchar</c>, <c>regclass</c>.
    /// </summary>
    public bool IsCoerced { get; init; }

    /// <summary>Whether the order depends on a collation.</summary>
    public bool IsCollated { get; init; }

    /// <summary>
    /// Finds out whether two values that differ in their bytes are equal for Postgres; null where equal values always
    /// have the same bytes.
    /// </summary>
    public KeyEquality? Equality { get; init; }

    /// <summary>
    /// Whether only Postgres can tell if two values are equal: the rows then bring its answer with them.
    /// </summary>
    public bool IsAskedOfPostgres { get; init; }
}

/// <summary>Where the text of a key's value comes from.</summary>
internal enum KeyText
{
    /// <summary>The column's own writer makes it from the binary format.</summary>
    Written,

    /// <summary>It is the binary format.</summary>
    Sent,

    /// <summary>
    /// Postgres makes it: it travels in a hidden column. The type is one that is known to read its own text back.
    /// </summary>
    Selected,

    /// <summary>
    /// The same, but Postgres first reads each text back, and gives null where that is not the same value.
    /// </summary>
    Proven,
}

/// <summary>Whether two values of a type are equal for Postgres.</summary>
/// <param name="one">A value in Postgres's binary format.</param>
/// <param name="other">Another value of the same type, in the same format.</param>
internal delegate bool KeyEquality(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other);

using System.Runtime.CompilerServices;

namespace ChunkStream.Postgres.Statements;

/// <summary>
/// Takes an interpolated string as SQL whose holes are parameters: their values travel beside the statement and never
/// become a part of it. The compiler makes it from <c>$"select … where x &gt;= {value}"</c>.
/// </summary>
/// <remarks>
/// A value has the Postgres type that belongs to its .NET type: <c>int</c> is <c>integer</c>, <c>decimal</c> is
/// <c>numeric</c>, <c>DateTimeOffset</c> is <c>timestamptz</c>, a sequence is an array, JSON is <c>jsonb</c>. A text, a
/// character or an enum (by its name, or its <c>PgName</c>) takes the type of what it stands beside, as a literal in
/// SQL does, and so fits an enum, a <c>uuid</c> or a <c>date</c>, too; where it stands beside nothing, a cast gives it
/// one: <c>{value}::text</c>.
/// </remarks>
[InterpolatedStringHandler]
public readonly struct SqlInterpolatedStringHandler
{
    private readonly List<SqlPart> _parts;

    /// <summary>Begins a statement.</summary>
    /// <param name="literalLength">How many characters its text has.</param>
    /// <param name="formattedCount">How many holes it has.</param>
    public SqlInterpolatedStringHandler(int literalLength, int formattedCount)
        => (_parts, LiteralLength) = (new List<SqlPart>(2 * formattedCount + 1), literalLength);

    /// <summary>The parts, in their order.</summary>
    internal IReadOnlyList<SqlPart> Parts => _parts ?? [];

    /// <summary>How many characters the text has.</summary>
    internal int LiteralLength { get; }

    /// <summary>Adds SQL.</summary>
    /// <param name="value">The SQL.</param>
    public void AppendLiteral(string value) => _parts.Add(new SqlPart(value, null));

    /// <summary>Adds a parameter.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="expression">The C# expression in the hole, which the compiler gives.</param>
    /// <exception cref="ArgumentException">No Postgres type belongs to the value's type.</exception>
    public void AppendFormatted<T>(T value, [CallerArgumentExpression(nameof(value))] string expression = "")
        => _parts.Add(new SqlPart(expression, SqlValue.Create(value, typeof(T), expression)));
}

/// <summary>A part of a statement.</summary>
/// <param name="Text">The SQL; for a hole, the C# expression in it.</param>
/// <param name="Value">The value of a hole; null for SQL.</param>
internal readonly record struct SqlPart(string Text, SqlValue? Value);

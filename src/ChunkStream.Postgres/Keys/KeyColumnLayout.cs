using System.Globalization;
using ChunkStream.Postgres.Columns;

namespace ChunkStream.Postgres.Keys;

/// <summary>A key's column in the rows of a query.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsDescending">Whether the rows come in descending order of it.</param>
/// <param name="Sql">What the SELECT calls it.</param>
/// <param name="Ordinal">
/// The place, from 0, of the column that holds its text, or the value that the text is made from, in the rows that
/// Postgres sends.
/// </param>
/// <param name="Type">How its values are compared.</param>
/// <param name="Writer">Turns its binary format into its text; null where Postgres sends the text.</param>
internal sealed record KeyColumnLayout(
    string Name, bool IsDescending, string Sql, int Ordinal, KeyType Type, ColumnWriter? Writer)
{
    /// <summary>The column as Postgres compares it.</summary>
    public string Operand => Type.IsCoerced ? $"CAST({Sql} AS {Type.Name})" : Sql;

    /// <summary>The operator for what comes behind a value in the key's order.</summary>
    public string Behind => Type.Operators[IsDescending ? 0 : 4];

    /// <summary>The operator for a value and what comes behind it.</summary>
    public string From => Type.Operators[IsDescending ? 1 : 3];

    /// <summary>The operator for equal values.</summary>
    public string IsEqual => Type.Operators[2];

    /// <summary>A value of the column that is a parameter.</summary>
    public string Parameter(int number)
        => string.Create(CultureInfo.InvariantCulture, $"CAST(${number} AS {Type.Name})");

    /// <summary>SQL of the text, where it travels in a column of its own; else null.</summary>
    public string? Text => Type.Text switch
    {
        KeyText.Selected => $"CAST({Operand} AS pg_catalog.text)",
        KeyText.Proven => $"CASE WHEN {Operand} IS NULL THEN NULL "
            + $"WHEN CAST({Output} AS {Type.Name}) {IsEqual} {Operand} THEN {Output} END",
        _ => null,
    };

    // What the type's own output function gives: a cast to text may be something else.
    private string Output => $"pg_catalog.format('%s', {Operand})";
}

namespace ChunkStream.Postgres.Keys;

/// <summary>
/// The SQL of a key: the order of the rows, and the condition that selects the rows from a position on. A position is
/// found by its values (keyset), not by counting rows, so rows that come and go before it make no difference.
/// </summary>
/// <remarks>
/// The row at the position is given once more, as the first one. If other rows have the same key, they follow it at
/// once, and the stream fails. A condition that began behind the position would skip them in silence.
/// </remarks>
internal static class Keyset
{
    /// <summary>The list after ORDER BY.</summary>
    public static string OrderBy(IReadOnlyList<KeyColumnLayout> key)
        => string.Join(", ", key.Select(column => column.IsDescending ? column.Sql + " DESC" : column.Sql));

    /// <summary>
    /// The condition for the row at a position and those after it, in a form that an index over the key answers.
    /// </summary>
    /// <param name="key">The columns of the key, at least one.</param>
    /// <param name="firstParameter">
    /// The number of the parameter that holds the first column's value; the others follow.
    /// </param>
    public static string From(IReadOnlyList<KeyColumnLayout> key, int firstParameter)
    {
        // If all columns have the same operator, Postgres compares whole rows, and descends an index to the position.
        if (key.All(column => column.From == key[0].From))
        {
            var columns = string.Join(", ", key.Select(column => column.Operand));
            var values = string.Join(", ", key.Select((_, index) => Value(index)));
            return $"({columns}) {key[0].From} ({values})";
        }

        // Otherwise it goes column by column: behind the value, or equal to it and the rest of the key behind. The
        // bound of the first column is repeated alone, because an index can't use an OR.
        var last = key.Count - 1;
        var condition = $"{key[last].Operand} {key[last].From} {Value(last)}";
        for (var index = last - 1; index >= 0; index--)
        {
            var column = key[index];
            var isBehind = $"{column.Operand} {column.Behind} {Value(index)}";
            var isEqual = $"{column.Operand} {column.IsEqual} {Value(index)}";
            condition = $"({isBehind} OR ({isEqual} AND {condition}))";
        }

        return $"{key[0].Operand} {key[0].From} {Value(0)} AND {condition}";

        string Value(int index) => key[index].Parameter(firstParameter + index);
    }

    /// <summary>
    /// Whether a row has the same key as the one before it, as Postgres sees it; needs <see cref="Window"/>.
    /// </summary>
    public static string IsSameAsBefore(IReadOnlyList<KeyColumnLayout> key)
        => string.Join(" AND ", key.Select(column =>
            $"pg_catalog.lag({column.Operand}) OVER rows_by_key {column.IsEqual} {column.Operand}"));

    /// <summary>The rows in the key's order, for functions that look at neighbours.</summary>
    public static string Window(IReadOnlyList<KeyColumnLayout> key)
        => $"WINDOW rows_by_key AS (ORDER BY {OrderBy(key)})";
}

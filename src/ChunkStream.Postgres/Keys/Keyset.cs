namespace ChunkStream.Postgres.Keys;

/// <summary>
/// The SQL of a key: the order of the rows, and the condition that leaves those from a position on. A position is found
/// by its values (keyset), not by counting rows: rows that come and go before it make no difference.
/// </summary>
/// <remarks>
/// The row at the position is given once more, as the first one. If it is alone with its key, the one after it is the
/// next row; if it is not, that shows. A condition that began behind the position would pass over the others in
/// silence.
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
        // Where one operator does for all columns, Postgres compares rows at once, and descends an index to the place.
        if (key.All(column => column.From == key[0].From))
        {
            var columns = string.Join(", ", key.Select(column => column.Operand));
            var values = string.Join(", ", key.Select((_, index) => Value(index)));
            return $"({columns}) {key[0].From} ({values})";
        }

        // Else column by column: behind the value, or at it and the rest behind. The first bound stands alone once
        // more, since an index can't use an OR.
        var last = key.Count - 1;
        var condition = $"{key[last].Operand} {key[last].From} {Value(last)}";
        for (var index = last - 1; index >= 0; index--)
        {
            var column = key[index];
            condition = $"({column.Operand} {column.Behind} {Value(index)} OR ({column.Operand} {column.IsEqual} {Value(index)} AND {condition}))";
        }

        return $"{key[0].Operand} {key[0].From} {Value(0)} AND {condition}";

        string Value(int index) => key[index].Parameter(firstParameter + index);
    }

    /// <summary>
    /// Whether a row has the same key as the one before it, as Postgres sees it; needs <see cref="Window"/>.
    /// </summary>
    public static string IsSameAsBefore(IReadOnlyList<KeyColumnLayout> key)
        => string.Join(" AND ", key.Select(column => $"pg_catalog.lag({column.Operand}) OVER rows_by_key {column.IsEqual} {column.Operand}"));

    /// <summary>The rows in the key's order, for functions that look at neighbours.</summary>
    public static string Window(IReadOnlyList<KeyColumnLayout> key)
        => $"WINDOW rows_by_key AS (ORDER BY {OrderBy(key)})";
}

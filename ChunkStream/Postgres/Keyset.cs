using System.Globalization;

namespace ChunkStream.Postgres;

/// <summary>
/// The SQL of a key: the order of the rows, and the condition that leaves those after a position. A position is found by
/// its values (keyset), not by counting rows: rows that come and go before it make no difference.
/// </summary>
internal static class Keyset
{
    /// <summary>The list after ORDER BY.</summary>
    /// <param name="columns">SQL of each column, and whether it is descending.</param>
    public static string OrderBy(IReadOnlyList<(string Sql, bool IsDescending)> columns)
        => string.Join(", ", columns.Select(column => column.IsDescending ? column.Sql + " DESC" : column.Sql));

    /// <summary>The condition for the rows after a position, in a form that an index over the key answers.</summary>
    /// <param name="columns">SQL of each column, and whether it is descending. At least one.</param>
    /// <param name="firstParameter">The number of the parameter that holds the first column's value; the others follow.</param>
    public static string After(IReadOnlyList<(string Sql, bool IsDescending)> columns, int firstParameter)
    {
        // Where all columns run the same way, Postgres compares rows at once, and descends an index to the place.
        if (columns.All(column => column.IsDescending == columns[0].IsDescending))
        {
            var sides = columns.Select((column, index) => (column.Sql, Value: Value(index))).ToArray();
            var comparison = columns[0].IsDescending ? "<" : ">";
            return $"({string.Join(", ", sides.Select(side => side.Sql))}) {comparison} ({string.Join(", ", sides.Select(side => side.Value))})";
        }

        // Else column by column: beyond the value, or at it and the rest beyond. The first bound stands alone once more,
        // since an index can't use an OR.
        var condition = "";
        for (var index = columns.Count - 1; index >= 0; index--)
        {
            var (sql, descending) = columns[index];
            var beyond = $"{sql} {(descending ? "<" : ">")} {Value(index)}";
            condition = condition.Length == 0 ? beyond : $"({beyond} OR ({sql} = {Value(index)} AND {condition}))";
        }

        return $"{columns[0].Sql} {(columns[0].IsDescending ? "<=" : ">=")} {Value(0)} AND {condition}";

        string Value(int index) => string.Create(CultureInfo.InvariantCulture, $"${firstParameter + index}");
    }
}

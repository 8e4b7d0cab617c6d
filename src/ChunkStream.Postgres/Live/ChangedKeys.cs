using System.Globalization;
using System.Text;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;

namespace ChunkStream.Postgres.Live;

/// <summary>The keys that changed in a step, and the SQL that asks for their rows.</summary>
/// <param name="columns">How many columns the key has.</param>
internal sealed class ChangedKeys(int columns)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<string[]> _keys = [];

    /// <summary>How many there are.</summary>
    public int Count => _keys.Count;

    /// <summary>Adds a key, as the texts of its columns, unless it is there already.</summary>
    public void Add(string[] key)
    {
        if (_known.Add(string.Join('\0', key)))
            _keys.Add(key);
    }

    /// <summary>
    /// A SELECT of the query's rows that have these keys, each with the number of its key at the end: null where the
    /// row's key is equal and has another text, as numeric has 1.0 and 1.00. To a client these are two keys.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="layout">The query's columns.</param>
    public SelectStatement Rows(PostgresQuery query, RowLayout layout)
    {
        var first = query.Parameters.Count + 1;
        var names = string.Join(", ", layout.Columns.Select((_, index) => $"c{index}"));
        var selected = string.Join(", ", layout.Columns.Select(column => column.Sql).Append(Number(layout)));
        var isKey = string.Join(
            " AND ", layout.Key.Select((column, index) => $"{column.Operand} {column.IsEqual} k.k{index}"));
        var sql = $"SELECT {selected} FROM {Keys(layout.Key, first)} AS k CROSS JOIN LATERAL"
            + $" (SELECT * FROM (\n{query.Sql}\n) AS q({names}) WHERE {isKey}) AS q({names})";
        return new SelectStatement(sql, [.. query.Parameters, .. Arrays(_keys)]);
    }

    /// <summary>A query of those keys whose rows have not come, with the columns as the query has them.</summary>
    /// <param name="layout">The query's columns.</param>
    /// <param name="found">The numbers of the keys whose rows have come, from 1.</param>
    public PostgresQuery Missing(RowLayout layout, IReadOnlySet<long> found)
    {
        var selected = string.Join(", ", layout.Key.Select((column, index)
            => $"k.k{index} AS \"{column.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
        return new PostgresQuery($"SELECT {selected} FROM {Keys(layout.Key, first: 1)} AS k")
        {
            Parameters = [.. Arrays([.. _keys.Where((_, index) => !found.Contains(index + 1))])],
        };
    }

    private static string Number(RowLayout layout)
    {
        var areSame = string.Join(" AND ", layout.Key.Index()
            .Where(column => column.Item.Type.Equality is not null || column.Item.Type.IsAskedOfPostgres)
            .Select(column => IsSame(column.Item.Operand, $"k.k{column.Index}")));
        return areSame.Length == 0 ? "k.n" : $"CASE WHEN {areSame} THEN k.n END";

        static string IsSame(string one, string other) => $"{Text(one)} OPERATOR(pg_catalog.=) {Text(other)}";
        static string Text(string value) => $"pg_catalog.format('%s', {value}) COLLATE pg_catalog.\"C\"";
    }

    // The keys as rows of the types in which Postgres compares them.
    private static string Keys(IReadOnlyList<KeyColumnLayout> key, int first)
    {
        var arrays = string.Join(", ", key.Select((_, index)
            => string.Create(CultureInfo.InvariantCulture, $"CAST(${first + index} AS pg_catalog.text[])")));
        var names = string.Join(", ", key.Select((_, index) => $"t{index}"));
        var values = string.Join(", ", key.Select((column, index)
            => $"CAST(u.t{index} AS {column.Type.Name}) AS k{index}"));
        return $"(SELECT {values}, u.n FROM ROWS FROM (unnest({arrays})) WITH ORDINALITY AS u({names}, n))";
    }

    // An array of text for each column, as Postgres reads it.
    private IEnumerable<string> Arrays(IReadOnlyList<string[]> keys)
        => Enumerable.Range(0, columns).Select(column => SqlArray.Create(keys.Select(key => key[column])));
}

/// <summary>The text form of an array of text.</summary>
internal static class SqlArray
{
    /// <summary>Makes it: each element in quotes.</summary>
    public static string Create(IEnumerable<string> elements)
    {
        var text = new StringBuilder("{");
        foreach (var element in elements)
        {
            if (text.Length > 1)
                text.Append(',');
            text.Append('"').Append(element.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        return text.Append('}').ToString();
    }
}

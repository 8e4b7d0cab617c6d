using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres;

/// <summary>The SELECT that a cursor is opened for: the query itself, or one around it that converts, orders, seeks and limits.</summary>
/// <param name="Sql">With parameters as <c>$1</c>, <c>$2</c> …</param>
/// <param name="Parameters">Their values.</param>
internal sealed record SelectStatement(string Sql, IReadOnlyList<string?> Parameters)
{
    /// <summary>Builds it.</summary>
    /// <param name="query">The query.</param>
    /// <param name="layout">Its columns.</param>
    /// <param name="after">The position to begin after, or null.</param>
    /// <param name="atMost">How many rows to give, or null for all.</param>
    public static SelectStatement Of(PostgresQuery query, RowLayout layout, KeysetPosition? after, long? atMost)
    {
        if (layout.Key.Count == 0 && atMost is null && !layout.Columns.Any(column => column.IsConverted))
            return new SelectStatement(query.Sql, query.Parameters);

        // By position, not by name: a query may name two columns alike. The line breaks keep a comment at the query's end
        // from swallowing what follows it.
        var aliases = string.Join(", ", layout.Columns.Select((_, index) => $"c{index}"));
        var hidden = layout.Key.Where(column => column.Ordinal >= layout.Columns.Count).Select(column => column.Sql + "::text");
        var sql = $"SELECT {string.Join(", ", layout.Columns.Select(column => column.Sql).Concat(hidden))} FROM (\n{query.Sql}\n) AS q"
            + (layout.Columns.Count > 0 ? $"({aliases})" : "");
        var parameters = query.Parameters;
        var key = layout.Key.Select(column => (column.Sql, column.IsDescending)).ToArray();
        if (after is not null)
        {
            sql += $" WHERE {Keyset.After(key, parameters.Count + 1)}";
            parameters = [.. parameters, .. after.Values];
        }

        if (key.Length > 0)
            sql += $" ORDER BY {Keyset.OrderBy(key)}";
        if (atMost is { } rows)
            sql += string.Create(CultureInfo.InvariantCulture, $" LIMIT {rows}");
        return new SelectStatement(sql, parameters);
    }

    /// <summary>A command of a batch that holds this statement.</summary>
    /// <param name="before">What stands before it: EXPLAIN, DECLARE.</param>
    public NpgsqlBatchCommand Command(string before)
    {
        var command = new NpgsqlBatchCommand(before + Sql);
        foreach (var value in Parameters)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    /// <summary>A parameter that is sent as its text, without a type: Postgres takes the one that the statement casts it to.</summary>
    public static NpgsqlParameter Parameter(string? value)
        => new() { NpgsqlDbType = NpgsqlDbType.Unknown, Value = (object?)value ?? DBNull.Value };
}

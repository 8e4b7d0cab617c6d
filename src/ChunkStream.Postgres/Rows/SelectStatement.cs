using System.Globalization;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Keys;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Rows;

/// <summary>
/// The SELECT that a cursor is opened for: the query itself, or one around it that converts, orders, seeks and limits.
/// </summary>
/// <param name="Sql">The statement, with parameters as <c>$1</c>, <c>$2</c> …</param>
/// <param name="Parameters">The values of the parameters.</param>
internal sealed record SelectStatement(string Sql, IReadOnlyList<string?> Parameters)
{
    /// <summary>Builds the SELECT for a query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="layout">The query's columns.</param>
    /// <param name="from">The position to begin at, with the row that is there; or null.</param>
    /// <param name="atMost">How many rows to give, or null for all.</param>
    public static SelectStatement Create(PostgresQuery query, RowLayout layout, KeysetPosition? from, long? atMost)
    {
        if (layout.Key.Count == 0 && atMost is null && !layout.Columns.Any(column => column.IsConverted))
            return new SelectStatement(query.Sql, query.Parameters);

        var key = layout.Key;
        string?[] selected =
        [
            .. layout.Columns.Select(column => column.Sql),
            .. key.Select(column => column.Text),
            layout.TellsSameKeys ? Keyset.IsSameAsBefore(key) : null,
        ];
        var sql = $"SELECT {string.Join(", ", selected.OfType<string>())} FROM {Source(query, layout)}";
        var parameters = query.Parameters;
        if (from is not null)
        {
            sql += $" WHERE {Keyset.From(key, parameters.Count + 1)}";
            parameters = [.. parameters, .. from.Values];
        }

        if (layout.TellsSameKeys)
            sql += " " + Keyset.Window(key);
        if (key.Count > 0)
            sql += $" ORDER BY {Keyset.OrderBy(key)}";
        if (atMost is { } rows)
            sql += string.Create(CultureInfo.InvariantCulture, $" LIMIT {rows}");
        return new SelectStatement(sql, parameters);
    }

    /// <summary>A statement that gives a row if the query has a row with a null in its key.</summary>
    public static SelectStatement CreateForNullKeys(PostgresQuery query, RowLayout layout)
    {
        var isNull = string.Join(" OR ", layout.Key.Select(column => $"{column.Sql} IS NULL"));
        return new($"SELECT 1 FROM {Source(query, layout)} WHERE {isNull} LIMIT 1", query.Parameters);
    }

    // By position, not by name: a query may name two columns alike. The line breaks keep a comment at the query's end
    // from swallowing what follows it.
    private static string Source(PostgresQuery query, RowLayout layout)
    {
        var names = string.Join(", ", layout.Columns.Select((_, index) => $"c{index}"));
        return $"(\n{query.Sql}\n) AS q" + (names.Length > 0 ? $"({names})" : "");
    }

    /// <summary>Asks Postgres for the columns of a query; to be executed with <c>SchemaOnly</c>.</summary>
    public static NpgsqlBatch Describe(PostgresQuery query, NpgsqlConnection connection)
    {
        var command = new SelectStatement(query.Sql, query.Parameters).Command("");
        return new QueryBatch(connection, $"describe {query.Name}") { BatchCommands = { command } };
    }

    /// <summary>A command of a batch that holds this statement.</summary>
    /// <param name="before">What stands before it: EXPLAIN, DECLARE.</param>
    public NpgsqlBatchCommand Command(string before)
    {
        var command = new NpgsqlBatchCommand(before + Sql);
        AddParameters(command.Parameters, Parameters);
        return command;
    }

    /// <summary>
    /// Adds the values to a command whose text is a query's. A statement without parameters gets one that it does not
    /// use: Npgsql searches a text without parameters for semicolons, and does not read all literals as Postgres does.
    /// </summary>
    public static void AddParameters(NpgsqlParameterCollection parameters, IReadOnlyList<string?> values)
    {
        foreach (var value in values)
            parameters.Add(Parameter(value));
        if (values.Count == 0)
            parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = "" });
    }

    /// <summary>
    /// A parameter that is sent as its text, without a type: Postgres takes the one that the statement casts it to.
    /// </summary>
    public static NpgsqlParameter Parameter(string? value)
        => new() { NpgsqlDbType = NpgsqlDbType.Unknown, Value = (object?)value ?? DBNull.Value };
}

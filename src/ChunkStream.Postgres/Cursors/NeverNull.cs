using System.Text.Json;
using ChunkStream.Postgres.Rows;
using Npgsql;
using Npgsql.Schema;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Finds out which columns of a query are never null: those of its key, since a stream with a null there fails; and
/// those that come from a not-null column of a table, if nothing in the plan puts a null in a value's place.
/// </summary>
internal static class NeverNull
{
    // Nodes of a plan that give a column of a table as it is, or not at all. An outer join fills up with nulls, and so
    // does a grouping of several sets (ROLLUP). An Append may join what comes from several places.
    private static readonly HashSet<string> Faithful =
    [
        .. KeyProof.Harmless, "Hash", "Memoize", "Aggregate", "Group", "Function Scan", "Values Scan", "ProjectSet",
    ];

    private static readonly HashSet<string> Joins = ["Nested Loop", "Hash Join", "Merge Join"];

    private const string NotNullColumns =
        $"""
        SELECT a.attrelid IS NOT NULL
        FROM unnest($1, $2) WITH ORDINALITY AS c(relation, number, place)
        LEFT JOIN (
          pg_catalog.pg_attribute a
          LEFT JOIN pg_catalog.pg_constraint n ON {KeyProof.IsNotNullConstraint}
        ) ON a.attrelid = c.relation AND a.attnum = c.number AND NOT ({KeyProof.CanBeNull})
        ORDER BY c.place
        """;

    /// <summary>Tells for each column whether it is known to be never null. To be called in a transaction.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="query">The query.</param>
    /// <param name="columns">Its columns, as Postgres describes them.</param>
    public static async Task<IReadOnlyList<bool>> FindAsync(
        NpgsqlConnection connection, PostgresQuery query, IReadOnlyList<NpgsqlDbColumn> columns)
    {
        var isKey = columns.Select(column => query.Key.Any(key => key.Name == column.ColumnName)).ToArray();
        using var plan = await QueryPlan.ReadAsync(connection, query).ConfigureAwait(false);
        if (!QueryPlan.NodesOf(plan).All(IsFaithful))
            return isKey;

        var isNotNull = await NotNullAsync(connection, columns).ConfigureAwait(false);
        return [.. isKey.Zip(isNotNull, (inKey, inTable) => inKey || inTable)];
    }

    private static bool IsFaithful(JsonElement node)
    {
        var type = node.GetProperty("Node Type").GetString()!;
        return Joins.Contains(type)
            ? node.GetProperty("Join Type").GetString() is "Inner" or "Semi"
            : Faithful.Contains(type) && !node.TryGetProperty("Grouping Sets", out _);
    }

    private static async Task<IReadOnlyList<bool>> NotNullAsync(
        NpgsqlConnection connection, IReadOnlyList<NpgsqlDbColumn> columns)
    {
        var command = new NpgsqlCommand(NotNullColumns, connection)
        {
            Parameters =
            {
                new()
                {
                    Value = columns.Select(column => column.TableOID).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid,
                },
                new() { Value = columns.Select(column => column.ColumnAttributeNumber ?? 0).ToArray() },
            },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var isNotNull = new List<bool>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            isNotNull.Add(reader.GetBoolean(0));
        return isNotNull;
    }
}

using System.Text.Json;
using ChunkStream.Postgres.Cursors;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>What the plan of a query says about whether it can be live: which tables it reads, and how.</summary>
internal static class LivePlan
{
    // Nodes of a plan whose rows depend on other rows: a change of one row changes which others come, or what they are.
    private static readonly Dictionary<string, string> Unfit = new(StringComparer.Ordinal)
    {
        ["Limit"] = "LIMIT, FETCH, or the least or greatest value of a column",
        ["Unique"] = "DISTINCT",
        ["WindowAgg"] = "a window function",
        ["Recursive Union"] = "WITH RECURSIVE",
    };

    // Nodes of a plan that give or leave out each row by itself. Where 'live' stands alone there may be no others.
    private static readonly HashSet<string> RowByRow = new(StringComparer.Ordinal)
    {
        "Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "BitmapAnd", "BitmapOr",
        "Tid Scan", "Tid Range Scan", "Subquery Scan", "Result", "Sort", "Incremental Sort", "Append", "Merge Append",
        "Gather", "Gather Merge",
    };

    /// <summary>What makes rows depend on other rows, in words of SQL; nothing where they don't.</summary>
    /// <param name="plan">The plan.</param>
    public static IEnumerable<string> Obstacles(JsonDocument plan)
        => QueryPlan.NodesOf(plan)
            .Select(node => Unfit.GetValueOrDefault(node.GetProperty("Node Type").GetString()!))
            .OfType<string>();

    /// <summary>Whether the rows of one table, read once, are taken as they are.</summary>
    /// <remarks>
    /// A table that is read twice, to find the greatest value for example, changes rows beside the one that changed.
    /// </remarks>
    /// <param name="plan">The plan.</param>
    public static bool IsRowByRow(JsonDocument plan)
    {
        var nodes = QueryPlan.NodesOf(plan).ToArray();
        var read = nodes.Where(node => node.TryGetProperty("Relation Name", out var _))
            .Select(node => (node.GetProperty("Schema").GetString(), node.GetProperty("Relation Name").GetString()))
            .ToArray();
        return read.Distinct().Count() == read.Length
            && nodes.All(node => RowByRow.Contains(node.GetProperty("Node Type").GetString()!));
    }

    /// <summary>
    /// The tables that a plan reads; of partitions, and of tables that inherit, those to which they belong. A statement
    /// fires the triggers of the table that it names, so only the topmost one has triggers for all writes.
    /// </summary>
    /// <param name="connection">The connection, as whom the query runs.</param>
    /// <param name="plan">The plan.</param>
    public static async Task<IReadOnlyList<(uint Oid, string Name)>> ReadByAsync(
        NpgsqlConnection connection, JsonDocument plan)
    {
        const string Sql =
            """
            WITH RECURSIVE read (oid) AS (
              SELECT p.oid FROM unnest($1::text[], $2::text[]) AS t (schema, name)
              JOIN pg_catalog.pg_namespace s ON s.nspname = t.schema
              JOIN pg_catalog.pg_class p ON p.relnamespace = s.oid AND p.relname = t.name
              UNION SELECT i.inhparent FROM read r JOIN pg_catalog.pg_inherits i ON i.inhrelid = r.oid)
            SELECT DISTINCT c.oid, format('%I.%I', n.nspname, c.relname)
            FROM read r JOIN pg_catalog.pg_class c ON c.oid = r.oid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid)
            """;
        var named = QueryPlan.NodesOf(plan).Where(node => node.TryGetProperty("Relation Name", out var _)).ToArray();
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new() { Value = named.Select(node => node.GetProperty("Schema").GetString()!).ToArray() },
                new() { Value = named.Select(node => node.GetProperty("Relation Name").GetString()!).ToArray() },
            },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var tables = new List<(uint, string)>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            tables.Add((reader.GetFieldValue<uint>(0), reader.GetString(1)));
        return tables;
    }
}

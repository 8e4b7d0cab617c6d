using System.Text.Json;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Looks for tables that a query for users reads, and that have no row-level security for the role as which it runs: of
/// them every user sees every row that the query asks for.
/// </summary>
internal static class RowSecurity
{
    // The plan names the partitions of a partitioned table, and not the table. Whoever reads the table is bound by its
    // policies, and not by those of the partitions. (A query that reads one partition by its own name is judged alike:
    // the plan does not tell the difference.)
    private const string Sql =
        """
        SELECT DISTINCT format('%I.%I', n.nspname, c.relname),
          CASE
            WHEN NOT c.relrowsecurity THEN 'row-level security is not enabled on it'
            WHEN r.rolsuper OR r.rolbypassrls THEN format('the role %I bypasses row-level security', r.rolname)
            ELSE format('the role %I owns it, and it has no FORCE ROW LEVEL SECURITY', r.rolname)
          END
        FROM unnest($1::text[], $2::text[]) AS t (schema, name)
        JOIN pg_catalog.pg_namespace s ON s.nspname = t.schema
        JOIN pg_catalog.pg_class p ON p.relnamespace = s.oid AND p.relname = t.name
        JOIN pg_catalog.pg_class c ON c.oid = coalesce(pg_catalog.pg_partition_root(p.oid), p.oid)
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN pg_catalog.pg_roles r
        WHERE r.rolname = current_user AND c.relkind IN ('r', 'p') AND NOT pg_catalog.row_security_active(c.oid)
        ORDER BY 1
        """;

    /// <summary>For each such table a sentence that names it, and why it has none.</summary>
    /// <param name="connection">In a transaction that runs as the role.</param>
    /// <param name="query">The query.</param>
    public static async Task<IReadOnlyList<string>> OpenTablesAsync(NpgsqlConnection connection, PostgresQuery query)
    {
        using var plan = await QueryPlan.ReadAsync(connection, query).ConfigureAwait(false);
        var tables = QueryPlan.NodesOf(plan)
            .Where(node => node.TryGetProperty("Relation Name", out var _))
            .Select(node => (Schema: Text(node, "Schema"), Name: Text(node, "Relation Name")))
            .Where(table => table.Schema is not ("pg_catalog" or "information_schema"))
            .Distinct()
            .ToArray();
        if (tables.Length == 0)
            return [];

        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new() { Value = tables.Select(table => table.Schema).ToArray() },
                new() { Value = tables.Select(table => table.Name).ToArray() },
            },
        };
        await using var _ = command.ConfigureAwait(false);
        var open = new List<string>();
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            open.Add(
                $"Every user sees every row of {reader.GetString(0)} that this query asks for: {reader.GetString(1)}.");
        }

        return open;
    }

    private static string Text(JsonElement node, string name) => node.GetProperty(name).GetString()!;
}

using System.Text.Json;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Sql;
using Npgsql;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Looks for tables that a query for users reads, and that have no row-level security for the role as which they are
/// read: of them every user sees every row that the query asks for. The role is that of the query, or the owner of a
/// view through which it reads, unless the view was created <c>with (security_invoker = true)</c>.
/// </summary>
internal static class RowSecurity
{
    // Whatever a transaction reads, it has locked until its end: also the views, which a plan does not show. So far the
    // transaction has read only catalogues beside. But a table is locked also for a policy that looks into it, and what
    // a policy sees is nobody's to read. So a relation counts if the query's text names it; or if the plan has it, as
    // it has the tables of a function that was inlined, and if no view, no policy and no parent explains that.
    private const string Relations =
        """
        WITH RECURSIVE locked AS (
          SELECT c.oid, c.relkind, c.relname, n.nspname
          FROM pg_catalog.pg_locks l
          JOIN pg_catalog.pg_class c ON c.oid = l.relation
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid()
            AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
        ), explained AS (
          SELECT d.refobjid AS oid
          FROM locked l
          JOIN pg_catalog.pg_rewrite w ON w.ev_class = l.oid
          JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
          UNION SELECT d.refobjid
          FROM locked l
          JOIN pg_catalog.pg_policy p ON p.polrelid = l.oid
          JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
            AND d.refobjid <> l.oid
          UNION SELECT i.inhrelid FROM locked l JOIN pg_catalog.pg_inherits i ON i.inhparent = l.oid
        ), planned AS (
          SELECT coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) AS oid
          FROM unnest($2::text[], $3::text[]) AS t (schema, name)
          JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema
          JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
        ), reading (oid, reader, view) AS (
          SELECT l.oid, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user), NULL::oid
          FROM locked l
          WHERE lower(l.relname) = ANY ($1) OR (l.oid IN (TABLE planned) AND l.oid NOT IN (TABLE explained))
          UNION SELECT d.refobjid,
            CASE WHEN v.is_invoker THEN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
              ELSE v.relowner END,
            CASE WHEN NOT v.is_invoker THEN v.oid END
          FROM reading
          JOIN LATERAL (
            SELECT c.oid, c.relowner, coalesce((
              SELECT o.option_value::bool FROM pg_catalog.pg_options_to_table(c.reloptions) o
              WHERE o.option_name = 'security_invoker'), false) AS is_invoker
            FROM pg_catalog.pg_class c WHERE c.oid = reading.oid AND c.relkind = 'v') v ON true
          JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid
          JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
        )
        """;

    // As Postgres itself decides it (check_enable_rls).
    private const string OpenOnes =
        """
        SELECT DISTINCT format('%I.%I', n.nspname, c.relname),
          CASE WHEN reading.view IS NULL THEN ''
            ELSE format('the view %s reads it as its owner, and ', reading.view::pg_catalog.regclass) END
          || CASE
            WHEN c.relkind = 'm' THEN 'a materialized view has no row-level security'
            WHEN c.relkind = 'f' THEN 'a foreign table has no row-level security'
            WHEN NOT c.relrowsecurity THEN 'row-level security is not enabled on it'
            WHEN r.rolsuper OR r.rolbypassrls THEN format('the role %I bypasses row-level security', r.rolname)
            ELSE format('the role %I owns it, and it has no FORCE ROW LEVEL SECURITY', r.rolname)
          END
          || CASE WHEN reading.view IS NOT NULL AND c.relrowsecurity
            THEN ' (with security_invoker = true, the view would read it as the caller)' ELSE '' END
        FROM reading
        JOIN pg_catalog.pg_class c ON c.oid = reading.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_roles r ON r.oid = reading.reader
        WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND (NOT c.relrowsecurity OR r.rolsuper OR r.rolbypassrls
            OR (pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE') AND NOT c.relforcerowsecurity))
        ORDER BY 1, 2
        """;

    /// <summary>For each such table a sentence that names it, and why it has none.</summary>
    /// <param name="connection">In a transaction that runs as the role, and has run no other query.</param>
    /// <param name="query">The query.</param>
    public static async Task<IReadOnlyList<string>> OpenTablesAsync(NpgsqlConnection connection, PostgresQuery query)
    {
        using var plan = await QueryPlan.ReadAsync(connection, query).ConfigureAwait(false);
        var tables = QueryPlan.NodesOf(plan)
            .Where(node => node.TryGetProperty("Relation Name", out var _))
            .Select(node => (Schema: Text(node, "Schema"), Name: Text(node, "Relation Name")))
            .Distinct()
            .ToArray();
        var command = new NpgsqlCommand($"{Relations}\n{OpenOnes}", connection)
        {
            Parameters =
            {
                new() { Value = SqlNames.In(query.Sql) },
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

using System.Text.Json;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Finds the tables whose changes a live query must hear of, and what is wrong with its declaration: each table that
/// the query reads must be declared, and no row may depend on other rows than those of its key.
/// </summary>
internal static class LiveTables
{
    /// <summary>What the author of a live query for users is warned of.</summary>
    public const string TellsKeys =
        "Readers of this live query are told the keys of all changed rows of its tables, as deletions where they may "
        + "not see the row: let no key hold what they must not know.";

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

    /// <summary>Finds them, in an open transaction. The query does not run.</summary>
    /// <param name="connection">The connection, as whom the query runs.</param>
    /// <param name="declaration">What the file declares.</param>
    /// <param name="query">The query.</param>
    /// <param name="layout">Its columns.</param>
    /// <param name="parameters">The names of its parameters, and their types as SQL spells them.</param>
    public static async Task<(IReadOnlyList<LiveTable> Tables, IReadOnlyList<(int Line, string Reason)> Mistakes)>
        FindAsync(
            NpgsqlConnection connection,
            LiveDeclaration declaration,
            PostgresQuery query,
            RowLayout layout,
            IReadOnlyList<(string Name, string Type)> parameters)
    {
        var mistakes = new List<(int, string)>();
        using var plan = await QueryPlan.ReadAsync(connection, query, isWhole: true).ConfigureAwait(false);
        foreach (var node in QueryPlan.NodesOf(plan).Select(node => node.GetProperty("Node Type").GetString()!))
        {
            if (!declaration.IsRerun && Unfit.TryGetValue(node, out var cause))
            {
                mistakes.Add((declaration.Line, $"The query can't be live: because of {cause}, "
                    + "a change of one row changes what other rows there are. Have it run again: live: rerun."));
            }
        }

        if (mistakes.Count == 0 && declaration.Tables.Count == 0 && !declaration.IsRerun && !IsRowByRow(plan))
        {
            mistakes.Add((declaration.Line,
                "'live' stands alone only where the query takes the rows of one table, read once, as they are. Say for "
                + "each table how a changed row of it leads to the query's key: live: table(column)."));
            return ([], mistakes);
        }

        var read = await ReadByAsync(connection, plan).ConfigureAwait(false);
        var tables = declaration.IsRerun
            ? await OfRerunAsync(connection, declaration, read, parameters, mistakes).ConfigureAwait(false)
            : declaration.Tables.Count > 0
            ? await DeclaredAsync(connection, declaration, layout.Key.Count, parameters, mistakes).ConfigureAwait(false)
            : await OfKeyAsync(connection, declaration, query, layout, parameters, mistakes).ConfigureAwait(false);
        if (mistakes.Count == 0)
        {
            var missing = read.Where(table => tables.All(other => other.Oid != table.Oid)).Select(table => table.Name);
            mistakes.AddRange(missing.Select(name => (declaration.Line,
                $"The query also reads {name}, and 'live' must say how a changed row of it leads to the query's key: "
                + $"live: {name}(column), or live: {name}(column) => select … where … = any(@changed).")));
        }

        foreach (var table in tables)
        {
            // Nothing can be asked after a refusal.
            if (mistakes.Count == 0
                && await LiveFilter.RefusalAsync(connection, table).ConfigureAwait(false) is { } refusal)
                mistakes.Add((table.Line, refusal));
        }

        return (tables, mistakes);
    }

    // A table that is read twice, to find the greatest value for example, changes rows beside the one that changed.
    private static bool IsRowByRow(JsonDocument plan)
    {
        var nodes = QueryPlan.NodesOf(plan).ToArray();
        var read = nodes.Where(node => node.TryGetProperty("Relation Name", out var _))
            .Select(node => (node.GetProperty("Schema").GetString(), node.GetProperty("Relation Name").GetString()))
            .ToArray();
        return read.Distinct().Count() == read.Length
            && nodes.All(node => RowByRow.Contains(node.GetProperty("Node Type").GetString()!));
    }

    // The tables that a plan reads; of partitions the table that they belong to.
    private static async Task<IReadOnlyList<(uint Oid, string Name)>> ReadByAsync(
        NpgsqlConnection connection, JsonDocument plan)
    {
        const string Sql =
            """
            SELECT DISTINCT c.oid, format('%I.%I', n.nspname, c.relname)
            FROM unnest($1::text[], $2::text[]) AS t (schema, name)
            JOIN pg_catalog.pg_namespace s ON s.nspname = t.schema
            JOIN pg_catalog.pg_class p ON p.relnamespace = s.oid AND p.relname = t.name
            JOIN pg_catalog.pg_class c ON c.oid = coalesce(pg_catalog.pg_partition_root(p.oid), p.oid)
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
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

    // All that the query reads, and what the file names beside: functions may read that.
    private static async Task<IReadOnlyList<LiveTable>> OfRerunAsync(
        NpgsqlConnection connection,
        LiveDeclaration declaration,
        IReadOnlyList<(uint Oid, string Name)> read,
        IReadOnlyList<(string, string)> parameters,
        List<(int, string)> mistakes)
    {
        var tables = new List<LiveTable>();
        foreach (var declared in declaration.Tables)
        {
            string[] columns = declared.Filters.Count > 0
                ? []
                : await AnyColumnsAsync(connection, null, declared.Table).ConfigureAwait(false);
            var asked = new AskedTable(declared.Table, null, columns, declared.Filters, declared.Line);
            if (await TableAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table)
                tables.Add(table);
        }

        foreach (var (oid, _) in read.Where(table => tables.All(other => other.Oid != table.Oid)))
        {
            var columns = await AnyColumnsAsync(connection, oid, null).ConfigureAwait(false);
            var asked = new AskedTable(null, oid, columns, [], declaration.Line);
            if (await TableAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table)
                tables.Add(table);
        }

        if (tables.Count == 0 && mistakes.Count == 0)
        {
            mistakes.Add((declaration.Line,
                "The query reads no table. If a function of it does, name that table: live: rerun table."));
        }

        return tables;
    }

    // Columns to log where only it matters that something has changed: those that another query logs, too.
    private static async Task<string[]> AnyColumnsAsync(NpgsqlConnection connection, uint? oid, string? name)
    {
        const string Sql =
            """
            SELECT coalesce(
              (SELECT array_agg(a.attname::text ORDER BY k.n)
                FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, n)
                JOIN pg_catalog.pg_attribute a ON a.attnum = k.number
                WHERE i.indisprimary AND i.indrelid = t.oid AND a.attrelid = t.oid),
              (SELECT array[a.attname::text] FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                ORDER BY a.attlen < 0, a.attnum LIMIT 1),
              '{}')
            FROM (SELECT coalesce($1, pg_catalog.to_regclass($2)::oid)) AS t (oid)
            """;
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new() { Value = (object?)oid ?? DBNull.Value, DataTypeName = "oid" },
                new() { Value = (object?)name ?? DBNull.Value, DataTypeName = "text" },
            },
        };
        await using var _ = command.ConfigureAwait(false);
        return (string[])(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
    }

    private static async Task<IReadOnlyList<LiveTable>> DeclaredAsync(
        NpgsqlConnection connection,
        LiveDeclaration declaration,
        int keyColumns,
        IReadOnlyList<(string, string)> parameters,
        List<(int, string)> mistakes)
    {
        var tables = new List<LiveTable>();
        foreach (var declared in declaration.Tables)
        {
            if (declared.Sql is null && declared.Columns.Count != keyColumns)
            {
                mistakes.Add((declared.Line,
                    $"{declared.Table}({string.Join(", ", declared.Columns)}) names {declared.Columns.Count} columns, "
                    + $"and the query's key has {keyColumns}: name the columns that hold the key, in its order."));
                continue;
            }

            var asked = new AskedTable(declared.Table, null, declared.Columns, declared.Filters, declared.Line);
            if (await TableAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table)
                tables.Add(table with { Sql = declared.Sql });
        }

        return tables;
    }

    private static async Task<IReadOnlyList<LiveTable>> OfKeyAsync(
        NpgsqlConnection connection,
        LiveDeclaration declaration,
        PostgresQuery query,
        RowLayout layout,
        IReadOnlyList<(string, string)> parameters,
        List<(int, string)> mistakes)
    {
        var (oid, numbers) = await KeyProof.OriginAsync(connection, query, layout).ConfigureAwait(false);
        if (oid is null)
        {
            mistakes.Add((declaration.Line,
                "'live' stands alone only where all columns of the key are columns of one table. Say how a changed row "
                + "leads to the key: live: table(column)."));
            return [];
        }

        var names = await NamesAsync(connection, oid.Value, numbers).ConfigureAwait(false);
        var asked = new AskedTable(null, oid, names, declaration.Filters, declaration.Line);
        return await TableAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table
            ? [table]
            : [];
    }

    private static async Task<string[]> NamesAsync(NpgsqlConnection connection, uint table, short[] numbers)
    {
        const string Sql =
            """
            SELECT array(
              SELECT a.attname::text FROM unnest($2) WITH ORDINALITY AS k (number, n)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = $1 AND a.attnum = k.number ORDER BY k.n)
            """;
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new() { Value = table, DataTypeName = "oid" }, new() { Value = numbers } },
        };
        await using var _ = command.ConfigureAwait(false);
        return (string[])(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
    }

    private static async Task<LiveTable?> TableAsync(
        NpgsqlConnection connection,
        AskedTable asked,
        IReadOnlyList<(string Name, string Type)> parameters,
        List<(int, string)> mistakes)
    {
        // What leads to the key comes first. A column may be there, and tell whom a change concerns, too.
        string[] columns = [.. asked.Columns, .. asked.Filters.Select(filter => filter.Column).Except(asked.Columns)];
        var (table, reason) = await TableAsync(connection, asked, columns).ConfigureAwait(false);
        if (table is null)
        {
            mistakes.Add((asked.Line, reason));
            return null;
        }

        var filters = new List<LiveFilter>();
        foreach (var filter in asked.Filters)
        {
            var parameter = parameters.Index().FirstOrDefault(
                one => one.Item.Name.Equals(filter.Parameter, StringComparison.OrdinalIgnoreCase),
                (-1, default));
            if (parameter.Index < 0)
            {
                mistakes.Add((asked.Line, $"The parameter @{filter.Parameter} is not declared."));
                return null;
            }

            var column = Array.IndexOf(columns, filter.Column);
            filters.Add(new LiveFilter(
                column + 1, table.Columns[column].Collation, parameter.Index, parameter.Item.Type));
        }

        return table with { Filters = filters, Line = asked.Line };
    }

    private static async Task<(LiveTable? Table, string Reason)> TableAsync(
        NpgsqlConnection connection, AskedTable asked, string[] columns)
    {
        const string Sql =
            """
            SELECT c.oid, format('%I.%I', n.nspname, c.relname), k.types, k.collations
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL (
              SELECT array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY k.n) AS types,
                array_agg(CASE WHEN a.attcollation <> t.typcollation
                  THEN format('%I.%I', ln.nspname, l.collname) END ORDER BY k.n) AS collations
              FROM unnest($3) WITH ORDINALITY AS k (name, n)
              LEFT JOIN pg_catalog.pg_attribute a
                ON a.attrelid = c.oid AND a.attname = k.name AND a.attnum > 0 AND NOT a.attisdropped
              LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
              LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace) AS k
            WHERE c.oid = coalesce($1, pg_catalog.to_regclass($2)::oid)
            """;
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new() { Value = (object?)asked.Oid ?? DBNull.Value, DataTypeName = "oid" },
                new() { Value = (object?)asked.Name ?? DBNull.Value, DataTypeName = "text" },
                new() { Value = columns },
            },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        if (!await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            return (null, $"There is no table {asked.Name}.");
        var types = reader.GetFieldValue<string?[]>(2);
        var collations = reader.GetFieldValue<string?[]>(3);
        if (Array.IndexOf(types, null) is >= 0 and var missing)
            return (null, $"The table {reader.GetString(1)} has no column {columns[missing]}.");
        return (
            new LiveTable(reader.GetFieldValue<uint>(0), reader.GetString(1), [
                .. columns.Select((column, index) => new LiveColumn(column, types[index]!, collations[index])),
            ]),
            "");
    }

    // A table by its name or its number, with the columns that lead to the key and those that tell changes apart.
    private sealed record AskedTable(
        string? Name,
        uint? Oid,
        IReadOnlyList<string> Columns,
        IReadOnlyList<DeclaredFilter> Filters,
        int Line);
}

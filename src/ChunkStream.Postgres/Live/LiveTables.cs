using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Keys;
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
        if (!declaration.IsRerun)
        {
            mistakes.AddRange(LivePlan.Obstacles(plan).Select(cause => (declaration.Line,
                $"The query can't be live: because of {cause}, "
                + "a change of one row changes what other rows there are. Have it run again: live: rerun.")));
        }

        if (mistakes.Count == 0 && declaration.Tables.Count == 0 && !declaration.IsRerun && !LivePlan.IsRowByRow(plan))
        {
            mistakes.Add((declaration.Line,
                "'live' stands alone only where the query takes the rows of one table, read once, as they are. Say for "
                + "each table how a changed row of it leads to the query's key: live: table(column)."));
            return ([], mistakes);
        }

        var read = await LivePlan.ReadByAsync(connection, plan).ConfigureAwait(false);
        var tables = declaration.IsRerun
            ? await OfRerunAsync(connection, declaration, read, parameters, mistakes).ConfigureAwait(false)
            : declaration.Tables.Count > 0
            ? await DeclaredAsync(connection, declaration, layout.Key, parameters, mistakes).ConfigureAwait(false)
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
                : await TableLookup.AnyColumnsAsync(connection, null, declared.Table).ConfigureAwait(false);
            var asked = new AskedTable(declared.Table, null, columns, declared.Filters, declared.Line);
            if (await TableLookup.FindAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table)
                tables.Add(table);
        }

        foreach (var (oid, _) in read.Where(table => tables.All(other => other.Oid != table.Oid)))
        {
            var columns = await TableLookup.AnyColumnsAsync(connection, oid, null).ConfigureAwait(false);
            var asked = new AskedTable(null, oid, columns, [], declaration.Line);
            if (await TableLookup.FindAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table)
                tables.Add(table);
        }

        if (tables.Count == 0 && mistakes.Count == 0)
        {
            mistakes.Add((declaration.Line,
                "The query reads no table. If a function of it does, name that table: live: rerun table."));
        }

        return tables;
    }

    private static async Task<IReadOnlyList<LiveTable>> DeclaredAsync(
        NpgsqlConnection connection,
        LiveDeclaration declaration,
        IReadOnlyList<KeyColumnLayout> key,
        IReadOnlyList<(string, string)> parameters,
        List<(int, string)> mistakes)
    {
        var tables = new List<LiveTable>();
        foreach (var declared in declaration.Tables)
        {
            if (declared.Sql is null && declared.Columns.Count != key.Count)
            {
                mistakes.Add((declared.Line,
                    $"{declared.Table}({string.Join(", ", declared.Columns)}) names {declared.Columns.Count} columns, "
                    + $"and the query's key has {key.Count}: name the columns that hold the key, in its order."));
                continue;
            }

            var asked = new AskedTable(declared.Table, null, declared.Columns, declared.Filters, declared.Line);
            if (await TableLookup.FindAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table)
            {
                tables.Add(declared.Sql is { } sql
                    ? table with { Sql = sql }
                    : table with { Trimmed = Trimmed(table, key) });
            }
        }

        return tables;
    }

    private static int[] Trimmed(LiveTable table, IReadOnlyList<KeyColumnLayout> key)
        => [.. key.Index().Where(column => table.Columns[column.Index].IsPadded && !column.Item.Type.IsPadded)
            .Select(column => column.Index + 1)];

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

        var names = await TableLookup.NamesAsync(connection, oid.Value, numbers).ConfigureAwait(false);
        var asked = new AskedTable(null, oid, names, declaration.Filters, declaration.Line);
        return await TableLookup.FindAsync(connection, asked, parameters, mistakes).ConfigureAwait(false) is { } table
            ? [table]
            : [];
    }
}

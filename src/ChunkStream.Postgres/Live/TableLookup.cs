using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>Looks up tables and columns that a declaration names.</summary>
internal static class TableLookup
{
    /// <summary>Finds a table with its columns; null, with a mistake more, if something is not there.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="asked">The table.</param>
    /// <param name="parameters">The names of the query's parameters, and their types as SQL spells them.</param>
    /// <param name="mistakes">Where a mistake is added.</param>
    public static async Task<LiveTable?> FindAsync(
        NpgsqlConnection connection,
        AskedTable asked,
        IReadOnlyList<(string Name, string Type)> parameters,
        List<(int, string)> mistakes)
    {
        // What leads to the key comes first. A column may be there, and tell whom a change concerns, too.
        string[] columns = [.. asked.Columns, .. asked.Filters.Select(filter => filter.Column).Except(asked.Columns)];
        var (table, reason) = await FindAsync(connection, asked, columns).ConfigureAwait(false);
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

    private static async Task<(LiveTable? Table, string Reason)> FindAsync(
        NpgsqlConnection connection, AskedTable asked, string[] columns)
    {
        const string Sql =
            """
            SELECT c.oid, format('%I.%I', n.nspname, c.relname), k.types, k.collations, k.padded
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL (
              SELECT array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY k.n) AS types,
                array_agg(CASE WHEN a.attcollation <> t.typcollation
                  THEN format('%I.%I', ln.nspname, l.collname) END ORDER BY k.n) AS collations,
                array_agg(t.oid IS NOT NULL AND t.oid = 'pg_catalog.bpchar'::regtype ORDER BY k.n) AS padded
              FROM unnest($3) WITH ORDINALITY AS k (name, n)
              LEFT JOIN pg_catalog.pg_attribute a
                ON a.attrelid = c.oid AND a.attname = k.name AND a.attnum > 0 AND NOT a.attisdropped
              -- The log has columns of the type beneath a domain, so the domain's own collation has to be named.
              LEFT JOIN LATERAL (
                WITH RECURSIVE base (oid, beneath, collated) AS (
                  SELECT t.oid, t.typbasetype, t.typcollation FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
                  UNION ALL SELECT t.oid, t.typbasetype, t.typcollation
                  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.beneath)
                SELECT b.oid, b.collated AS typcollation FROM base b WHERE b.beneath = 0) AS t ON true
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
        var arePadded = reader.GetFieldValue<bool[]>(4);
        if (Array.IndexOf(types, null) is >= 0 and var missing)
            return (null, $"The table {reader.GetString(1)} has no column {columns[missing]}.");
        return (
            new LiveTable(reader.GetFieldValue<uint>(0), reader.GetString(1), [
                .. columns.Select((column, index) => new LiveColumn(
                    column, types[index]!, collations[index], arePadded[index])),
            ]),
            "");
    }

    /// <summary>The names of a table's columns, by their numbers.</summary>
    public static async Task<string[]> NamesAsync(NpgsqlConnection connection, uint table, short[] numbers)
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

    /// <summary>
    /// Columns to log where only it matters that something has changed: those that another query logs, too.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="oid">The table's number; null where it has a name.</param>
    /// <param name="name">Its name; null where it has a number.</param>
    public static async Task<string[]> AnyColumnsAsync(NpgsqlConnection connection, uint? oid, string? name)
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
}

/// <summary>A table that is looked up, by its name or its number.</summary>
/// <param name="Name">Its name as the file has it; null where it has a number.</param>
/// <param name="Oid">Its number; null where it has a name.</param>
/// <param name="Columns">The columns that lead to the key.</param>
/// <param name="Filters">What tells changes apart.</param>
/// <param name="Line">The line of the declaration.</param>
internal sealed record AskedTable(
    string? Name, uint? Oid, IReadOnlyList<string> Columns, IReadOnlyList<DeclaredFilter> Filters, int Line);

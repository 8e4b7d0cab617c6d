using System.Data;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Rows;
using Npgsql;
using Npgsql.Schema;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Finds out whether the database guarantees that a key is unique and never null. It does if the key covers a unique
/// index over not-null columns of one table, and if the query reads this table once and no other.
/// </summary>
internal static class KeyProof
{
    /// <summary>
    /// Nodes of a plan that never give a row twice, and never put a null where a column has none. Joins, unions,
    /// groupings (ROLLUP adds nulls) and functions that give several rows are not among them.
    /// </summary>
    public static readonly HashSet<string> Harmless =
    [
        "Seq Scan", "Sample Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan",
        "BitmapAnd", "BitmapOr", "Tid Scan", "Tid Range Scan", "Subquery Scan", "CTE Scan", "Result", "Sort",
        "Incremental Sort", "Limit", "Unique", "WindowAgg", "Materialize", "Gather", "Gather Merge",
    ];

    /// <summary>The condition that <c>n</c> is the not-null constraint of the column <c>a</c>.</summary>
    public const string IsNotNullConstraint =
        "n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]";

    /// <summary>The condition that the column <c>a</c> with that constraint may have nulls.</summary>
    public const string CanBeNull = "NOT (a.attnotnull AND coalesce(n.convalidated, true))";

    /// <summary>What the author of a query is told if there is no proof.</summary>
    public const string Missing =
        "The database does not guarantee that this key is unique and never null (no unique index over not-null "
        + "columns of the one table that is read covers it, in the columns' own collation and order). "
        + "Each stream checks it row by row, and fails where it is not so.";

    /// <summary>Looks for a proof, on a connection of its own.</summary>
    public static async Task<bool> ExistsAsync(
        PostgresDatabase database, PostgresQuery query, CancellationToken cancellation)
    {
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var transaction = await session.Connection.BeginTransactionAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        await SessionIdentity.EnterAsync(session.Connection, query.RunsAs).ConfigureAwait(false);
        var layout = await RowLayout.DescribeAsync(session.Connection, query).ConfigureAwait(false);
        return await ExistsAsync(session.Connection, query, layout).ConfigureAwait(false);
    }

    /// <summary>Looks for a proof, in an open transaction.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, PostgresQuery query, RowLayout layout)
    {
        var (table, columns) = await OriginAsync(connection, query, layout).ConfigureAwait(false);
        return table is { } oid
            && await HasUniqueIndexAsync(connection, oid, columns).ConfigureAwait(false)
            && await ReadsOnceAsync(connection, query).ConfigureAwait(false);
    }

    /// <summary>The table that all columns of the key come from, and their numbers there.</summary>
    public static async Task<(uint? Table, short[] Columns)> OriginAsync(
        NpgsqlConnection connection, PostgresQuery query, RowLayout layout)
    {
        var batch = SelectStatement.Describe(query, connection);
        await using var _ = batch.ConfigureAwait(false);
        var description = await batch.ExecuteReaderAsync(CommandBehavior.SchemaOnly, CancellationToken.None)
            .ConfigureAwait(false);
        await using var __ = description.ConfigureAwait(false);
        var described = await description.GetColumnSchemaAsync(CancellationToken.None).ConfigureAwait(false);
        var schema = described.Cast<NpgsqlDbColumn>().ToArray();
        var key = layout.Key.Select(column => schema.First(other => other.ColumnName == column.Name)).ToArray();
        var isOneTable = key.All(column => column.TableOID != 0
            && column.TableOID == key[0].TableOID
            && column.ColumnAttributeNumber is > 0);
        return isOneTable
            ? (key[0].TableOID, [.. key.Select(column => column.ColumnAttributeNumber!.Value)])
            : (null, []);
    }

    private static async Task<bool> HasUniqueIndexAsync(NpgsqlConnection connection, uint table, short[] columns)
    {
        // The index and the order of the rows must agree on which values are equal. So the index must have the column's
        // collation and the default operator class of its type. A table with children is read with them, but its index
        // knows only its own rows.
        const string Sql =
            $"""
            SELECT EXISTS (
              SELECT FROM pg_catalog.pg_index i
              JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
              JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
              JOIN pg_catalog.pg_am m ON m.oid = c.relam
              WHERE i.indrelid = $1 AND m.amname = 'btree'
                AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive AND i.indimmediate
                AND i.indpred IS NULL AND i.indexprs IS NULL
                AND (t.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = t.oid))
                AND NOT EXISTS (
                  SELECT FROM generate_series(0, i.indnkeyatts - 1) n
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n]
                  JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
                  JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[n]
                  WHERE a.attnum <> ALL ($2) OR i.indcollation[n] <> a.attcollation OR NOT o.opcdefault
                    OR EXISTS (
                      SELECT FROM pg_catalog.pg_opclass d
                      WHERE d.opcdefault AND d.opcmethod = o.opcmethod AND d.opcintype <> o.opcintype
                        AND d.opcintype = CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END))
                AND NOT EXISTS (
                  SELECT FROM pg_catalog.pg_attribute a
                  LEFT JOIN pg_catalog.pg_constraint n ON {IsNotNullConstraint}
                  WHERE a.attrelid = i.indrelid AND a.attnum = ANY ($2) AND {CanBeNull}))
            """;
        var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new() { Value = table, DataTypeName = "oid" }, new() { Value = columns } },
        };
        await using var _ = command.ConfigureAwait(false);
        return (bool)(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
    }

    /// <summary>
    /// Whether the plan reads one relation, once, and does no more than sort, filter and count its rows.
    /// </summary>
    private static async Task<bool> ReadsOnceAsync(NpgsqlConnection connection, PostgresQuery query)
    {
        using var plan = await QueryPlan.ReadAsync(connection, query).ConfigureAwait(false);
        var nodes = QueryPlan.NodesOf(plan).ToArray();
        return nodes.Count(node => node.TryGetProperty("Relation Name", out var _)) == 1
            && nodes.All(node => Harmless.Contains(node.GetProperty("Node Type").GetString()!));
    }
}

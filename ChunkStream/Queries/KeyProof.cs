using System.Data;
using ChunkStream.Postgres;
using Npgsql;
using Npgsql.Schema;

namespace ChunkStream.Queries;

/// <summary>
/// Whether the database guarantees that a key is unique and never null: it is a unique index of the one table whose columns
/// the query gives, and the query reads no other.
/// </summary>
internal static class KeyProof
{
    /// <summary>What to tell where there is none.</summary>
    public const string Missing =
        "The database does not guarantee that this key is unique and never null (no unique index over not-null columns of the one table that is read covers it). "
        + "Each stream checks it row by row, and fails where it is not so.";

    /// <summary>Looks for one.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, PostgresQuery query, RowLayout layout, CancellationToken cancellation)
    {
        var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using var _ = transaction.ConfigureAwait(false);
        var (table, columns) = await OriginAsync(connection, query, layout, cancellation).ConfigureAwait(false);
        return table is { } oid
            && await HasUniqueIndexAsync(connection, oid, columns, cancellation).ConfigureAwait(false)
            && await ReadsOnceAsync(connection, query, cancellation).ConfigureAwait(false);
    }

    /// <summary>The table that all columns of the key come from, and their numbers there.</summary>
    private static async Task<(uint? Table, short[] Columns)> OriginAsync(
        NpgsqlConnection connection, PostgresQuery query, RowLayout layout, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(query.Sql, connection);
        await using var _ = command.ConfigureAwait(false);
        foreach (var value in query.Parameters)
            command.Parameters.Add(SelectStatement.Parameter(value));
        var description = await command.ExecuteReaderAsync(CommandBehavior.SchemaOnly, cancellation).ConfigureAwait(false);
        await using var __ = description.ConfigureAwait(false);
        var schema = (await description.GetColumnSchemaAsync(cancellation).ConfigureAwait(false)).Cast<NpgsqlDbColumn>().ToArray();
        var key = layout.Key.Select(column => schema.First(other => other.ColumnName == column.Name)).ToArray();
        var isOneTable = key.All(column => column.TableOID != 0 && column.TableOID == key[0].TableOID && column.ColumnAttributeNumber is > 0);
        return isOneTable ? (key[0].TableOID, [.. key.Select(column => column.ColumnAttributeNumber!.Value)]) : (null, []);
    }

    private static async Task<bool> HasUniqueIndexAsync(NpgsqlConnection connection, uint table, short[] columns, CancellationToken cancellation)
    {
        const string Sql =
            """
            SELECT EXISTS (
              SELECT FROM pg_index i
              WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                AND (string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts] <@ $2
                AND NOT EXISTS (
                  SELECT FROM pg_attribute a
                  WHERE a.attrelid = i.indrelid AND a.attnum = ANY ($2) AND NOT a.attnotnull))
            """;
        var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = table, DataTypeName = "oid" }, new() { Value = columns } } };
        await using var _ = command.ConfigureAwait(false);
        return (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    /// <summary>Whether the plan reads one relation, once: a join could give a row of it twice.</summary>
    private static async Task<bool> ReadsOnceAsync(NpgsqlConnection connection, PostgresQuery query, CancellationToken cancellation)
    {
        // Planned without values (a generic plan): a NULL in a parameter's place would plan most of a query away.
        var values = string.Join(", ", query.Parameters.Select(_ => "NULL"));
        var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("SET LOCAL plan_cache_mode = force_generic_plan"),
                new NpgsqlBatchCommand($"PREPARE chunkstream_proof AS\n{query.Sql}"),
                new NpgsqlBatchCommand($"EXPLAIN (FORMAT JSON) EXECUTE chunkstream_proof{(values.Length > 0 ? $"({values})" : "")}"),
                new NpgsqlBatchCommand("DEALLOCATE chunkstream_proof"),
            },
        };
        await using var _ = batch.ConfigureAwait(false);
        var plan = (string)(await batch.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
        return plan.Split("\"Relation Name\"").Length == 2
            && !plan.Contains("\"Join Type\"", StringComparison.Ordinal)
            && !plan.Contains("\"ProjectSet\"", StringComparison.Ordinal);
    }
}

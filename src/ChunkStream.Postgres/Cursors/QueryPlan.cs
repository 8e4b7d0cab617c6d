using System.Data;
using System.Text.Json;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>How Postgres would run a query, whatever the values of its parameters are.</summary>
internal static class QueryPlan
{
    private const string Forget = "DEALLOCATE chunkstream_plan";

    /// <summary>Asks Postgres for the plan. To be called in an open transaction; the query does not run.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="query">The query.</param>
    /// <param name="isWhole">
    /// Whether it must have all tables that the query may read, also those that no value given now would lead to. The
    /// rest of the transaction then plans so, too.
    /// </param>
    public static async Task<JsonDocument> ReadAsync(
        NpgsqlConnection connection, PostgresQuery query, bool isWhole = false)
    {
        // Planned without values (a generic plan): a NULL in a parameter's place would plan most of a query away.
        var prepare = new NpgsqlBatchCommand($"PREPARE chunkstream_plan AS\n{query.Sql}");
        SelectStatement.AddParameters(prepare.Parameters, []);
        IEnumerable<NpgsqlBatchCommand> whole = isWhole
            ? [new("SET LOCAL enable_partition_pruning = off"), new("SET LOCAL constraint_exclusion = off")]
            : [];
        await ExecuteAsync(
            connection,
            [
                .. whole, new("SET LOCAL plan_cache_mode = force_generic_plan"), prepare,
                new("SAVEPOINT chunkstream_plan"),
            ])
            .ConfigureAwait(false);
        try
        {
            var plan = await ExplainAsync(connection, query).ConfigureAwait(false);
            await ExecuteAsync(connection, Forget).ConfigureAwait(false);
            return plan;
        }
        catch (PostgresException) when (connection.State is ConnectionState.Open)
        {
            // The end of a transaction does not take back what was prepared in it. Behind PgBouncer it would stay on a
            // connection that others use next.
            await ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT chunkstream_plan", Forget)
                .ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<JsonDocument> ExplainAsync(NpgsqlConnection connection, PostgresQuery query)
    {
        var values = string.Join(", ", query.Parameters.Select(_ => "NULL"));
        var batch = new QueryBatch(connection, $"plan {query.Name}")
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(
                    "EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE chunkstream_plan"
                    + (values.Length > 0 ? $"({values})" : "")),
            },
        };
        await using var _ = batch.ConfigureAwait(false);
        var explained = await batch.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false);
        return JsonDocument.Parse((string)explained!);
    }

    private static Task ExecuteAsync(NpgsqlConnection connection, params IEnumerable<string> statements)
        => ExecuteAsync(connection, statements.Select(statement => new NpgsqlBatchCommand(statement)));

    private static async Task ExecuteAsync(NpgsqlConnection connection, IEnumerable<NpgsqlBatchCommand> commands)
    {
        var batch = new QueryBatch(connection, span: null);
        await using var _ = batch.ConfigureAwait(false);
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>All nodes of a plan.</summary>
    public static IEnumerable<JsonElement> NodesOf(JsonDocument plan)
        => NodesOf(plan.RootElement[0].GetProperty("Plan"));

    private static IEnumerable<JsonElement> NodesOf(JsonElement node)
        => node.TryGetProperty("Plans", out var below)
            ? below.EnumerateArray().SelectMany(NodesOf).Prepend(node)
            : [node];
}

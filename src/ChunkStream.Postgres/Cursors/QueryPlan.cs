using System.Text.Json;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>How Postgres would run a query, whatever the values of its parameters are.</summary>
internal static class QueryPlan
{
    /// <summary>Asks Postgres for the plan. To be called in an open transaction; the query does not run.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="query">The query.</param>
    public static async Task<JsonDocument> ReadAsync(NpgsqlConnection connection, PostgresQuery query)
    {
        // Planned without values (a generic plan): a NULL in a parameter's place would plan most of a query away.
        var values = string.Join(", ", query.Parameters.Select(_ => "NULL"));
        var prepare = new NpgsqlBatchCommand($"PREPARE chunkstream_plan AS\n{query.Sql}");
        SelectStatement.AddParameters(prepare.Parameters, []);
        var batch = new QueryBatch(connection, $"plan {query.Name}")
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("SET LOCAL plan_cache_mode = force_generic_plan"),
                prepare,
                new NpgsqlBatchCommand(
                    "EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE chunkstream_plan"
                    + (values.Length > 0 ? $"({values})" : "")),
                new NpgsqlBatchCommand("DEALLOCATE chunkstream_plan"),
            },
        };
        await using var _ = batch.ConfigureAwait(false);
        var explained = await batch.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false);
        return JsonDocument.Parse((string)explained!);
    }

    /// <summary>All nodes of a plan.</summary>
    public static IEnumerable<JsonElement> NodesOf(JsonDocument plan)
        => NodesOf(plan.RootElement[0].GetProperty("Plan"));

    private static IEnumerable<JsonElement> NodesOf(JsonElement node)
        => node.TryGetProperty("Plans", out var below)
            ? below.EnumerateArray().SelectMany(NodesOf).Prepend(node)
            : [node];
}

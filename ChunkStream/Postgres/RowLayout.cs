using System.Data;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>
/// The columns of a query as they will be streamed: what the client is told of them, a writer each, and the SELECT that
/// gives them in the types that those writers read.
/// </summary>
/// <param name="Schema">Names and types.</param>
/// <param name="Writers">A writer a column.</param>
/// <param name="Select">The query to open the cursor for.</param>
internal sealed record RowLayout(StreamSchema Schema, IReadOnlyList<ColumnWriter> Writers, string Select)
{
    /// <summary>Asks Postgres for the columns of a query, without running it.</summary>
    /// <exception cref="NpgsqlException">The query is wrong, or the server can't be reached.</exception>
    public static async Task<RowLayout> DescribeAsync(NpgsqlConnection connection, string query, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(query, connection);
        await using var _ = command.ConfigureAwait(false);
        var description = await command.ExecuteReaderAsync(CommandBehavior.SchemaOnly, cancellation).ConfigureAwait(false);
        await using var __ = description.ConfigureAwait(false);

        var ordinals = Enumerable.Range(0, description.FieldCount).ToArray();
        var columns = ordinals.Select(ordinal => new StreamColumn(
            description.GetName(ordinal), description.GetPostgresType(ordinal).InternalName)).ToArray();
        var writers = ordinals.Select(ordinal => ColumnWriters.Of(description.GetDataTypeOID(ordinal))).ToArray();
        return new RowLayout(
            new StreamSchema(columns),
            [.. writers.Select(writer => writer ?? ColumnWriters.Converted)],
            writers.Contains(null) ? ConvertInPostgres(query, writers) : query);
    }

    /// <summary>Wraps a query so that Postgres itself turns the columns without a fast writer into JSON.</summary>
    private static string ConvertInPostgres(string query, ColumnWriter?[] writers)
    {
        // By position, not by name: a query may name two columns alike. The line breaks keep a comment at the query's
        // end from swallowing what follows it.
        var aliases = string.Join(", ", writers.Select((_, index) => $"c{index}"));
        var values = string.Join(", ", writers.Select((writer, index) => writer is null ? $"to_json(q.c{index})" : $"q.c{index}"));
        return $"SELECT {values} FROM (\n{query}\n) AS q({aliases})";
    }
}

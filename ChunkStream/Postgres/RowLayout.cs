using ChunkStream.Postgres.Columns;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>
/// The columns of a query as they will be streamed: their names, a writer each, and the SELECT that gives them in the
/// types that those writers read.
/// </summary>
/// <param name="Names">The columns' names, as the client sees them. Not always unique.</param>
/// <param name="Writers">A writer a column.</param>
/// <param name="Select">The query to open the cursor for.</param>
internal sealed record RowLayout(IReadOnlyList<string> Names, IReadOnlyList<ColumnWriter> Writers, string Select)
{
    /// <summary>Asks Postgres for the columns of a query, without running it.</summary>
    /// <exception cref="NpgsqlException">The query is wrong, or the server can't be reached.</exception>
    public static async Task<RowLayout> DescribeAsync(NpgsqlConnection connection, string query, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(query, connection);
        await using var _ = command.ConfigureAwait(false);
        var description = await command
            .ExecuteReaderAsync(System.Data.CommandBehavior.SchemaOnly, cancellation).ConfigureAwait(false);
        await using var __ = description.ConfigureAwait(false);

        var ordinals = Enumerable.Range(0, description.FieldCount).ToArray();
        var names = ordinals.Select(description.GetName).ToArray();
        var writers = ordinals.Select(ordinal => ColumnWriters.Of(description.GetDataTypeOID(ordinal))).ToArray();
        if (!writers.Contains(null))
            return new RowLayout(names, writers!, query);

        var complete = writers.Select(writer => writer ?? ColumnWriters.Of(ColumnWriters.JsonType)!).ToArray();
        return new RowLayout(names, complete, ConvertInPostgres(query, writers));
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

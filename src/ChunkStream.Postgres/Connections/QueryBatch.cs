using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>A batch that is run for a stream, and how Npgsql's tracing shows it.</summary>
/// <param name="connection">The connection.</param>
/// <param name="span">
/// The name of its span, such as <c>cursor orders</c>; null for none: a cursor goes on with one batch after another.
/// </param>
internal sealed class QueryBatch(NpgsqlConnection connection, string? span) : NpgsqlBatch(connection)
{
    /// <summary>The name of its span; null for none.</summary>
    public string? Span => span;
}

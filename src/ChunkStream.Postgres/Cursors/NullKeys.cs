using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Looks for rows with a null in their key. A cursor from the beginning meets them. One that begins at a position does
/// not, because null is neither before nor after a value: without this search such rows would be missing unnoticed.
/// </summary>
internal static class NullKeys
{
    /// <summary>
    /// Fails if there is such a row. It is called at the end of a stream whose rows came from several cursors, unless
    /// the database guarantees that the key is never null. The search may scan all that the statement reads; its time
    /// limit is that of the query's first row.
    /// </summary>
    /// <param name="database">
    /// The database in which the query runs. The caller holds a slot for one of its connections.
    /// </param>
    /// <param name="query">The query.</param>
    /// <param name="layout">The query's columns.</param>
    /// <param name="cancellation">When it is cancelled, the connection is severed, and the backend ends.</param>
    /// <exception cref="KeyException">There is such a row.</exception>
    public static async Task RefuseAsync(
        PostgresDatabase database, PostgresQuery query, RowLayout layout, CancellationToken cancellation)
    {
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var connection = session.Connection;
        var transaction = await connection.BeginTransactionAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        await SessionIdentity.EnterAsync(connection, query.RunsAs).ConfigureAwait(false);
        var batch = new QueryBatch(connection, $"null keys of {query.Name}") { Timeout = 0 };
        await using var ___ = batch.ConfigureAwait(false);
        batch.BatchCommands.Add(SessionSettings.All(query, database.Options, identity: null));
        batch.BatchCommands.Add(SelectStatement.CreateForNullKeys(query, layout).Command(""));

        var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var ____ = reader.ConfigureAwait(false);
        await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false); // past the row of the settings
        if (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var names = string.Join(", ", layout.Key.Select(column => column.Name));
            throw new KeyException($"The key ({names}) is null in a row.");
        }
    }
}

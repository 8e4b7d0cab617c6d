namespace ChunkStream.Postgres.Failures;

/// <summary>There is no database: the setting <c>ConnectionStrings:Postgres</c> is empty.</summary>
internal sealed class PostgresNotConfiguredException()
    : InvalidOperationException("The setting ConnectionStrings:Postgres is empty.");

/// <summary>All connections that streams may hold are in use, and the queue for them is full.</summary>
internal sealed class BusyException()
    : Exception("All connections that streams may hold are in use, and the queue for them is full.");

/// <summary>The server has begun to send a message that is larger than the bound. The rest was not received.</summary>
/// <param name="column">
/// If the message is a row: the place, from 0, of the column with which it becomes too large. Null for any other
/// message.
/// </param>
/// <param name="most">How many bytes a message may have.</param>
internal sealed class MessageTooLargeException(int? column, int most)
    : Exception($"A message of the database has more than {most} bytes (ChunkStream:Postgres:MaxRowBytes).")
{
    public int? Column => column;

    public int Most => most;
}

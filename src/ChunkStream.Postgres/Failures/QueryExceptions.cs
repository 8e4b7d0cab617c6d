using Npgsql;

namespace ChunkStream.Postgres.Failures;

/// <summary>
/// Postgres took longer for the next row than the query, or Postgres's own statement_timeout, allows.
/// </summary>
internal sealed class QueryTimeoutException() : Exception(
    "Postgres took longer for the next row than the query (-- timeout:) or its own statement_timeout allows.");

/// <summary>The query was cancelled at the database (pg_cancel_backend), and no limit was reached.</summary>
internal sealed class QueryCancelledException(Exception cause)
    : Exception("The query was cancelled at the database, and no limit was reached.", cause);

/// <summary>
/// The reader took nothing for longer than the query may be held, and without a key the query can't be continued.
/// </summary>
internal sealed class ReaderStalledException() : Exception(
    "The reader took nothing for longer than the query may be held (-- idle:), "
    + "and without a key it can't be continued.");

/// <summary>The query has more rows than it declares at most.</summary>
/// <param name="rows">How many it declares.</param>
internal sealed class TooManyRowsException(
    long rows) : Exception($"The query has more than {rows} rows (-- max-rows:).")
{
    public long Rows => rows;
}

/// <summary>A stream's query was opened again, and gave other columns than before.</summary>
internal sealed class ColumnsChangedException()
    : Exception("The query's columns have changed while the stream was paused.");

/// <summary>The database does not let the server run a query as its role.</summary>
/// <param name="role">The role.</param>
/// <param name="cause">What Postgres says.</param>
internal sealed class RoleRefusedException(string role, PostgresException cause) : Exception(
    $"The server can't run a query as the role '{role}': {cause.MessageText}. "
    + "Grant that role to the user of the connection string.",
    cause);

/// <summary>A row is larger than one may be.</summary>
/// <param name="column">The column with which it becomes too large.</param>
/// <param name="bytes">How many bytes a row may have.</param>
internal sealed class RowTooLargeException(string column, int bytes)
    : Exception($"With column '{column}' a row has more than {bytes} bytes (ChunkStream:Postgres:MaxRowBytes).")
{
    public string Column => column;

    public int Bytes => bytes;
}

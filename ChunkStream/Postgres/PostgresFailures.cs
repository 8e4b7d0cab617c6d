using System.Net.Sockets;
using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>The one place where a failure of Postgres becomes what a client is told.</summary>
internal static class PostgresFailures
{
    /// <summary>The problem behind an exception. Its words never hold SQL, host names or values.</summary>
    public static Problem Describe(Exception failure) => failure switch
    {
        PostgresNotConfiguredException => Problem.Unavailable(
            "No database is configured: the setting ConnectionStrings:Postgres is empty."),
        ProblemException known => known.Problem,
        BusyException => Problem.Busy,
        TooManyRowsException tooMany => Problem.TooManyRows(tooMany.Rows),
        RowTooLargeException row => Problem.RowTooLarge(row.Column, row.Bytes),
        KeyException key => Problem.KeyNotUnique(key.Message),
        UnusableKeyException key => Problem.BrokenQuery(key.Message),
        ReaderStalledException => Problem.ReaderStalled,
        QueryTimeoutException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => Problem.QueryTimeout,
        PostgresException postgres when IsUnavailable(postgres.SqlState) => Problem.Unavailable(
            "The database does not take work now."),
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } => Problem.BrokenQuery(
            "A table that the query reads is not in the database. The catalogue of queries says which, and what to do; so does the server's log."),
        PostgresException postgres when postgres.SqlState.StartsWith("42", StringComparison.Ordinal) => Problem.BrokenQuery(
            "The query does not fit the database. The server's log has the details, and so has the catalogue of queries."),
        ColumnsChangedException => Problem.BrokenQuery("The query's columns changed while it was being read."),
        PostgresException => Problem.Internal,
        NpgsqlException { InnerException: SocketException or IOException or TimeoutException } => Problem.Unavailable(
            "The database can't be reached now."),
        // Npgsql says so when the pool had no connection free in time.
        NpgsqlException { IsTransient: true } or TimeoutException => Problem.Unavailable(
            "The database has no connection free now."),
        NpgsqlException => Problem.Unavailable("The connection to the database was lost."),
        _ => Problem.Internal,
    };

    // Class 08 is connection trouble, 57P0x a server that starts or stops, 53300 too many connections, 3D000 and 28xxx
    // a database or login that is not there (yet): all of them are for the operator, and none is the client's fault.
    private static bool IsUnavailable(string sqlState)
        => sqlState.StartsWith("08", StringComparison.Ordinal)
            || sqlState.StartsWith("57P", StringComparison.Ordinal)
            || sqlState.StartsWith("53", StringComparison.Ordinal)
            || sqlState.StartsWith("28", StringComparison.Ordinal)
            || sqlState == PostgresErrorCodes.InvalidCatalogName;
}

/// <summary>The setting <c>ConnectionStrings:Postgres</c> is empty.</summary>
internal sealed class PostgresNotConfiguredException()
    : InvalidOperationException("The setting ConnectionStrings:Postgres is empty.");

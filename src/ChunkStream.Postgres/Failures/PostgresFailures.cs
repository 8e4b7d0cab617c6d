using System.Net.Sockets;
using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Postgres.Failures;

/// <summary>The one place where a failure of Postgres becomes what a client is told.</summary>
internal static class PostgresFailures
{
    /// <summary>The problem of a user who lacks a right in the database; null for other failures.</summary>
    public static Problem? DescribeToUser(Exception failure)
        => failure is PostgresException refusal && refusal.IsForbidden()
            ? Problem.Forbidden("The database does not allow this user to read what this query reads.")
            : null;

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
        RoleRefusedException => Problem.BrokenQuery(
            "The database does not let the server run this query as its role; the server's log says why."),
        ReaderStalledException => Problem.ReaderStalled,
        QueryTimeoutException => Problem.QueryTimeout,
        _ when IsCancelledByHand(failure) => Problem.QueryCancelled,
        PostgresException postgres => Describe(SqlStates.MeaningOf(postgres.SqlState)),
        ColumnsChangedException => Problem.BrokenQuery("The query's columns changed while it was being read."),
        NpgsqlException { InnerException: SocketException or IOException or TimeoutException } => Problem.Unavailable(
            "The database can't be reached now."),
        NpgsqlException { InnerException: PasswordException } => Problem.Unavailable(
            "The app could not log in to the database."),
        NpgsqlException { InnerException: MessageTooLargeException large } => Problem.BrokenQuery(large.Message),
        // Npgsql throws these if no connection of the pool came free in time.
        NpgsqlException { IsTransient: true } or TimeoutException => Problem.Unavailable(
            "The database has no connection free now."),
        NpgsqlException => Problem.Unavailable("The connection to the database was lost."),
        _ => Problem.Internal,
    };

    /// <summary>Whether another try may succeed after this failure, because it was not the query's own fault.</summary>
    public static bool MayPass(Exception failure) => failure switch
    {
        _ when IsCancelledByHand(failure) => true,
        PostgresException postgres => SqlStates.MayPass(SqlStates.MeaningOf(postgres.SqlState)),

        NpgsqlException { InnerException: MessageTooLargeException } => false,

        // The connection was lost. This also happens when somebody ends a backend, if its last message could not be
        // read.
        NpgsqlException => true,
        _ => false,
    };

    /// <summary>
    /// Whether another try may succeed at once, because the query only ran into a conflict with others.
    /// </summary>
    public static bool IsConflict(Exception failure)
        => failure is PostgresException postgres && SqlStates.MeaningOf(postgres.SqlState) is SqlStateMeaning.Conflict;

    // A cursor knows whether its limit was reached. Before there is a cursor, such as while a query waits for a lock on
    // its table, only the message tells, and only if the server speaks English.
    private static bool IsCancelledByHand(Exception failure)
        => failure is QueryCancelledException
            || (failure is PostgresException cancelled && cancelled.IsCancelled()
                && cancelled.MessageText.EndsWith("due to user request", StringComparison.Ordinal));

    private static Problem Describe(SqlStateMeaning meaning) => meaning switch
    {
        SqlStateMeaning.Cancelled => Problem.QueryTimeout,
        SqlStateMeaning.Conflict => Problem.Unavailable(
            "The database gave up this query because of a conflict with others. A new try may succeed."),
        SqlStateMeaning.Ended => Problem.Unavailable(
            "The database ended this query: it is being stopped, or one of its own limits (for locks or transactions) "
            + "was reached. A new try may succeed."),
        SqlStateMeaning.Unavailable => Problem.Unavailable("The database does not take work now."),
        SqlStateMeaning.MissingTable => Problem.BrokenQuery(
            "A table that the query reads is not in the database. The catalogue of queries says which, and what to do; "
            + "so does the server's log."),
        SqlStateMeaning.Misfit => Problem.BrokenQuery(
            "The query does not fit the database. The server's log has the details, "
            + "and so has the catalogue of queries."),
        _ => Problem.Internal,
    };
}

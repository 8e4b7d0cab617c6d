using Npgsql;

namespace ChunkStream.Postgres.Failures;

/// <summary>The one table of what Postgres's error codes mean for a stream.</summary>
internal static class SqlStates
{
    private const string SnapshotTooOld = "72000";
    private const string IdleInTransactionTimeout = "25P03";
    private const string TransactionTimeout = "25P04";

    /// <summary>What a code means. Each that is not named here is the query's own fault.</summary>
    public static SqlStateMeaning MeaningOf(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.QueryCanceled => SqlStateMeaning.Cancelled,

        // The server is fine, and ended this transaction for the sake of others: a deadlock, a conflict of a replica with its
        // primary (class 40), rows that vacuum has removed.
        ['4', '0', ..] or SnapshotTooOld => SqlStateMeaning.Conflict,

        // A limit of the administrator's, or the administrator.
        IdleInTransactionTimeout or TransactionTimeout or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => SqlStateMeaning.Ended,

        // A limit that the administrator has set, of temporary files for example: the query is too large for it each time.
        PostgresErrorCodes.ConfigurationLimitExceeded => SqlStateMeaning.Fault,

        // Connection trouble, a lack of resources, a login or database that is not there (yet), a server that starts.
        ['0', '8', ..] or ['5', '3', ..] or ['2', '8', ..] or ['5', '7', ..] or PostgresErrorCodes.InvalidCatalogName => SqlStateMeaning.Unavailable,

        PostgresErrorCodes.UndefinedTable => SqlStateMeaning.MissingTable,
        ['4', '2', ..] => SqlStateMeaning.Misfit,
        _ => SqlStateMeaning.Fault,
    };

    /// <summary>Whether the same query may succeed in another try.</summary>
    public static bool MayPass(SqlStateMeaning meaning)
        => meaning is SqlStateMeaning.Conflict or SqlStateMeaning.Ended or SqlStateMeaning.Unavailable;
}

/// <summary>What an error code of Postgres means for a stream.</summary>
internal enum SqlStateMeaning
{
    /// <summary>The query failed, and will fail again.</summary>
    Fault,

    /// <summary>The query does not fit the database.</summary>
    Misfit,

    /// <summary>A table that it reads is not there.</summary>
    MissingTable,

    /// <summary>It ran into others, and may succeed at once.</summary>
    Conflict,

    /// <summary>The server ended its transaction or its connection: a limit was reached, or the server stops.</summary>
    Ended,

    /// <summary>The statement was cancelled: by a person, or by statement_timeout.</summary>
    Cancelled,

    /// <summary>The server takes no work now.</summary>
    Unavailable,
}

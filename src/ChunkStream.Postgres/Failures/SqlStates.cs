using System.Globalization;
using Npgsql;

namespace ChunkStream.Postgres.Failures;

/// <summary>
/// The one table of what Postgres's error codes (SQLSTATE, "PostgreSQL Error Codes") mean: to a stream, to a check, and
/// to a short call that may be repeated. Callers decide what to do about it.
/// </summary>
internal static class SqlStates
{
    private const string SnapshotTooOld = "72000";
    private const string IdleInTransactionTimeout = "25P03";
    private const string TransactionTimeout = "25P04";

    /// <summary>What a code means to a stream. Each code that is not named here is the query's own fault.</summary>
    public static SqlStateMeaning MeaningOf(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.QueryCanceled => SqlStateMeaning.Cancelled,

        // The server is fine, and ended this transaction for the sake of others: a deadlock, a conflict of a replica
        // with its primary (class 40), rows that vacuum has removed.
        ['4', '0', ..] or SnapshotTooOld => SqlStateMeaning.Conflict,

        // The administrator ended it, or a limit that the administrator has set.
        IdleInTransactionTimeout or TransactionTimeout or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => SqlStateMeaning.Ended,

        // A limit that the administrator has set, of temporary files for example: the query is too large for it each
        // time.
        PostgresErrorCodes.ConfigurationLimitExceeded => SqlStateMeaning.Fault,

        // Connection trouble, a lack of resources, a login or database that is not there (yet), a server that starts.
        ['0', '8', ..] or ['5', '3', ..] or ['2', '8', ..] or ['5', '7', ..] or PostgresErrorCodes.InvalidCatalogName
            => SqlStateMeaning.Unavailable,

        PostgresErrorCodes.UndefinedTable => SqlStateMeaning.MissingTable,
        ['4', '2', ..] => SqlStateMeaning.Misfit,
        _ => SqlStateMeaning.Fault,
    };

    /// <summary>Whether the same query may succeed in another try.</summary>
    public static bool MayPass(SqlStateMeaning meaning)
        => meaning is SqlStateMeaning.Conflict or SqlStateMeaning.Ended or SqlStateMeaning.Unavailable;

    /// <summary>Whether the statement was cancelled: by a person, or by statement_timeout.</summary>
    public static bool IsCancelled(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.QueryCanceled;

    /// <summary>Whether a role is the reason that was to be taken: it is not there, or may not be taken.</summary>
    public static bool IsAboutRole(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.InsufficientPrivilege;

    /// <summary>Whether the statement is wrong, or names what is not there or may not be used.</summary>
    public static bool IsAboutNames(this PostgresException failure)
        => failure.SqlState is ['4', '2', ..] or PostgresErrorCodes.InvalidSchemaName;

    /// <summary>Whether a table that the statement names is not there.</summary>
    public static bool IsMissingTable(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.UndefinedTable;

    /// <summary>Whether bad data is the reason: a value that its type does not take (class 22).</summary>
    public static bool IsAboutData(this PostgresException failure) => failure.SqlState is ['2', '2', ..];

    /// <summary>
    /// Whether a value is the reason: bad data, or a value against a constraint of its domain (classes 22 and 23).
    /// </summary>
    public static bool IsAboutValues(this PostgresException failure) => failure.SqlState is ['2', '2' or '3', ..];

    /// <summary>
    /// Whether the text of the statement is the reason: its syntax, names, types or privileges (class 42).
    /// </summary>
    public static bool IsAboutText(this PostgresException failure) => failure.SqlState is ['4', '2', ..];

    /// <summary>
    /// Whether the statement or its values are the reason; also where Postgres does not support what it asks for (class
    /// 0A), or it exceeds a limit of Postgres's own (class 54).
    /// </summary>
    public static bool IsAboutStatement(this PostgresException failure)
        => failure.IsAboutText() || failure.IsAboutValues() || failure.SqlState is ['0', 'A', ..] or ['5', '4', ..];

    /// <summary>
    /// The HTTP status that the statement's own RAISE chooses, 400–599; null where it raised nothing for a client.
    /// </summary>
    public static int? RaisedStatus(this PostgresException failure) => failure.SqlState switch
    {
        PostgresErrorCodes.RaiseException => 400,

        // As PostgREST has it: PT404.
        ['P', 'T', .. var digits]
            when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var status)
                && status is >= 400 and <= 599 => status,
        _ => null,
    };

    /// <summary>
    /// Whether the server has rolled back a short call that may well succeed the next time, because of a deadlock or of
    /// the transaction's isolation (<see cref="IsOfIsolation"/>).
    /// </summary>
    public static bool IsUndone(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.DeadlockDetected || failure.IsOfIsolation();

    /// <summary>Whether the isolation of the transaction is the reason: it is stricter than "read committed".</summary>
    public static bool IsOfIsolation(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.InvalidTransactionState;

    /// <summary>Whether a schema, or a table of it, is not there.</summary>
    public static bool IsMissingSchema(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedTable;

    /// <summary>
    /// Whether the tables and functions of a schema are gone or were replaced: a statement that was prepared with the
    /// old types is "not supported".
    /// </summary>
    public static bool IsChangedSchema(this PostgresException failure)
        => failure.IsMissingSchema()
            || failure.SqlState is PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.FeatureNotSupported;

    /// <summary>
    /// The same, or a table may have been dropped while the statement waited for a lock on it: Postgres then finds
    /// nothing under the table's number any more, and takes that for an error of its own.
    /// </summary>
    public static bool IsTakenAway(this PostgresException failure)
        => failure.IsChangedSchema() || failure.SqlState is PostgresErrorCodes.InternalError;

    /// <summary>Whether an administrator, or a server that stops, ended the connection.</summary>
    public static bool IsShutdown(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.AdminShutdown;

    /// <summary>Whether the server does not take the role's password.</summary>
    public static bool IsWrongPassword(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.InvalidPassword;

    /// <summary>Whether the role lacks a privilege.</summary>
    public static bool IsForbidden(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.InsufficientPrivilege;

    /// <summary>Whether the server, or the transaction, is read-only.</summary>
    public static bool IsReadOnly(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction;

    /// <summary>Whether this version of Postgres lacks what the statement needs.</summary>
    public static bool IsNotSupported(this PostgresException failure)
        => failure.SqlState is PostgresErrorCodes.FeatureNotSupported;
}

/// <summary>What an error code of Postgres means to a stream.</summary>
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

using System.Data;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Postgres.Live.Changes;

/// <summary>
/// The change log of live queries: it sees to it that tables are watched, and keeps their logs. Several instances may
/// do so at once.
/// </summary>
/// <param name="open">Opens a connection, for single statements outside of a transaction.</param>
/// <param name="limits">How long and how large a log may be.</param>
/// <param name="time">The clock for pauses.</param>
internal sealed class ChangeLog(
    Func<CancellationToken, Task<PostgresSession>> open, ChangeLogLimits limits, TimeProvider time)
{
    // A trigger is created between the transactions of those who write to the table. It does not wait for them for
    // longer than this at a time, because all others would wait behind it. A table of many partitions takes longer than
    // a statement of the app's role may (statement_timeout); the session's own limit holds.
    private const string LimitLocks =
        "SELECT set_config('lock_timeout', '200ms', true), set_config('statement_timeout', '0', true)";
    private const int Tries = 15;

    // The first number of the advisory lock of those who keep a watch (004-keep.sql).
    private const int KeeperLock = 1667788140;

    private const string Held =
        "The change log of a table is full, and can't be emptied while a transaction runs that wrote to it.";

    private const string Busy = "Others install or keep the same watch all the time.";

    // For how long after the last reader of all instances writers send notices.
    private const int NoticeSeconds = 15;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Sees to it that the changes of tables are logged: all that is committed after this returns. A snapshot that is
    /// taken afterwards is a good position once <see cref="ChangeLogSql.States"/> says so.
    /// </summary>
    /// <param name="tables">Tables by their numbers, with the columns whose values are wanted.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The watches, in the same order.</returns>
    /// <exception cref="WatchRefusedException">A table can't be watched.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<IReadOnlyList<Watch>> EnsureAsync(
        IReadOnlyList<(uint Table, IReadOnlyList<string> Columns)> tables, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await EnsureOnceAsync(tables, cancellation).ConfigureAwait(false);
            }
            catch (PostgresException failure)
                when (failure.IsTakenAway() && tries < Tries)
            {
                // Somebody has taken the log away meanwhile. The connection may have been given up.
                await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Renews the leases of watches, begins new generations where changes may have been missed, and removes what is
    /// older than the retention. To be called every few seconds while there are readers.
    /// </summary>
    /// <param name="watches">The numbers of the watches.</param>
    /// <param name="isListening">Whether this instance listens to notices.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The watches that have to be ensured again, because their triggers are not in place.</returns>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<IReadOnlyList<int>> KeepAsync(
        IEnumerable<int> watches, bool isListening, CancellationToken cancellation)
    {
        var session = await open(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var connection = session.Connection;
        if (isListening)
            await CallAsync<bool>(connection, "listen($1)", NoticeSeconds).ConfigureAwait(false);
        var broken = new List<int>();
        foreach (var watch in watches)
        {
            cancellation.ThrowIfCancellationRequested();
            var renewal = await RenewAsync(connection, watch, waits: false).ConfigureAwait(false);
            if (renewal is Renewal.Install or Renewal.Gone)
                broken.Add(watch);
            else
                await RotateAsync(connection, watch).ConfigureAwait(false);
        }

        return broken;
    }

    private async Task<IReadOnlyList<Watch>> EnsureOnceAsync(
        IReadOnlyList<(uint Table, IReadOnlyList<string> Columns)> tables, CancellationToken cancellation)
    {
        var session = await open(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        try
        {
            var connection = session.Connection;
            await RetryAsync(() => EnsureSchemaAsync(connection), cancellation).ConfigureAwait(false);
            var watches = new List<Watch>();
            foreach (var (table, columns) in tables)
            {
                await RetryAsync(() => EnsureAsync(connection, table, columns, watches), cancellation)
                    .ConfigureAwait(false);
            }

            return watches;
        }
        catch (PostgresException failure) when (Reason(failure) is { } reason)
        {
            // That may pass: a standby can be promoted, and a connection lead to another server.
            if (await IsStandbyAsync(session.Connection).ConfigureAwait(false))
                throw new WatchRefusedException(reason, null, failure) { IsStandby = true };
            var script = failure.IsForbidden()
                ? await ScriptAsync(session.Connection, tables).ConfigureAwait(false)
                : null;
            throw new WatchRefusedException(reason, script, failure)
            {
                MayPass = failure.SqlState is PostgresErrorCodes.LockNotAvailable,
            };
        }
    }

    // Others may have to end a transaction first. What is tried gives null when it is done, or why it is not.
    private async Task RetryAsync(Func<Task<string?>> tryOnce, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                if (await tryOnce().ConfigureAwait(false) is not { } reason)
                    return;
                if (tries >= Tries)
                    throw new WatchRefusedException(reason, null, null) { MayPass = true };
            }
            catch (PostgresException failure)
                when (failure.SqlState is PostgresErrorCodes.LockNotAvailable && tries < Tries)
            {
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<string?> EnsureAsync(
        NpgsqlConnection connection, uint table, IReadOnlyList<string> columns, List<Watch> watches)
    {
        if (await InstallAsync(connection, table, columns).ConfigureAwait(false) is not { } watch)
        {
            watches.Add(new Watch(0, columns.Count, Table: ""));
            return null;
        }

        switch (await RenewAsync(connection, watch.Id, waits: true).ConfigureAwait(false))
        {
            case Renewal.Done:
                watches.Add(watch);
                return null;
            case Renewal.Held:
                return Held;
            default:
                return Busy;
        }
    }

    private async Task<Watch?> InstallAsync(NpgsqlConnection connection, uint table, IReadOnlyList<string> columns)
    {
        // The name is asked for last: a table that is given another one after that is not watched any more.
        var transaction = await BeginAsync(connection).ConfigureAwait(false);
        await using var ___ = transaction.ConfigureAwait(false);
        var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(LimitLocks),
                new NpgsqlBatchCommand("SELECT chunkstream_live.install($1, $2, $3)")
                {
                    Parameters =
                    {
                        new() { Value = table, DataTypeName = "oid" },
                        new() { Value = columns.ToArray() },
                        new() { Value = limits.LeaseSeconds },
                    },
                },
                new NpgsqlBatchCommand("SELECT chunkstream_live.name($1)")
                {
                    Parameters = { new() { Value = table, DataTypeName = "oid" } },
                },
            },
        };
        await using var _ = batch.ConfigureAwait(false);
        Watch? watch = null;
        var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
            await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            if (!reader.IsDBNull(0))
            {
                var id = reader.GetInt32(0);
                await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                watch = new Watch(id, columns.Count, reader.IsDBNull(0) ? "" : reader.GetString(0));
            }
        }

        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return watch;
    }

    // What keeps a log has to see what others do meanwhile, whatever the default of server, database or role is.
    private static ValueTask<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection)
        => connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, CancellationToken.None);

    // A new generation takes two calls. Of all who keep a watch one acts at a time. A reader waits for its turn, which
    // comes in the order of asking; whoever only keeps the watch leaves it to the other.
    private async Task<Renewal> RenewAsync(NpgsqlConnection connection, int watch, bool waits)
    {
        const int Calls = 3;
        for (var call = 1; ; call++)
        {
            var said = await RenewOnceAsync(connection, watch, waits).ConfigureAwait(false);
            switch (said)
            {
                case "ok":
                    return Renewal.Done;
                case "install":
                    return Renewal.Install;
                case "gone":
                    return Renewal.Gone;
                case "held":
                    return Renewal.Held;
                case "again" when call < Calls:
                    continue;
                default:
                    return Renewal.Busy;
            }
        }
    }

    private async Task<string?> RenewOnceAsync(NpgsqlConnection connection, int watch, bool waits)
    {
        var renew = new NpgsqlBatchCommand("SELECT chunkstream_live.renew($1, $2, $3)")
        {
            Parameters =
            {
                new() { Value = watch }, new() { Value = limits.LeaseSeconds }, new() { Value = limits.TurnBytes },
            },
        };
        var turn = new NpgsqlBatchCommand($"SELECT pg_advisory_xact_lock({KeeperLock}, $1)")
        {
            Parameters = { new() { Value = watch } },
        };
        var transaction = await BeginAsync(connection).ConfigureAwait(false);
        await using var ___ = transaction.ConfigureAwait(false);
        var batch = new NpgsqlBatch(connection);
        await using var _ = batch.ConfigureAwait(false);
        if (waits)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(LimitLocks));
            batch.BatchCommands.Add(turn);
        }

        batch.BatchCommands.Add(renew);
        string? said;
        var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (var before = batch.BatchCommands.Count - 1; before > 0; before--)
                await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
            await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            said = reader.IsDBNull(0) ? null : reader.GetString(0);
        }

        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return said;
    }

    // A slot is emptied by one call, and taken by the next.
    private async Task RotateAsync(NpgsqlConnection connection, int watch)
    {
        while (await CallAsync<string?>(
            connection, "rotate($1, $2, $3)", watch, limits.TurnSeconds, limits.TurnBytes).ConfigureAwait(false)
            is "again")
        {
        }
    }

    private static async Task<string?> EnsureSchemaAsync(NpgsqlConnection connection)
    {
        var find = new NpgsqlCommand("SELECT to_regclass('chunkstream_live.version')::oid", connection);
        await using var _ = find.ConfigureAwait(false);
        if (await find.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is not DBNull)
        {
            var version = new NpgsqlCommand("SELECT max(v.version) FROM chunkstream_live.version AS v", connection);
            await using var __ = version.ConfigureAwait(false);
            if (await version.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false)
                is >= ChangeLogSchema.Version)
                return null;
        }

        // An older version takes its triggers away, for which it waits as it does for their creation.
        var transaction = await BeginAsync(connection).ConfigureAwait(false);
        await using var ____ = transaction.ConfigureAwait(false);
        var install = new NpgsqlBatch(connection)
        {
            BatchCommands = { new NpgsqlBatchCommand(LimitLocks), new NpgsqlBatchCommand(ChangeLogSchema.Script) },
        };
        await using var ___ = install.ConfigureAwait(false);
        await install.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return null;
    }

    private static async Task<T> CallAsync<T>(NpgsqlConnection connection, string call, params object[] values)
    {
        var transaction = await BeginAsync(connection).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        var command = new NpgsqlCommand($"SELECT chunkstream_live.{call}", connection);
        await using var _ = command.ConfigureAwait(false);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        var result = await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return result is DBNull ? default! : (T)result!;
    }

    private static async Task<bool> IsStandbyAsync(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand("SELECT pg_catalog.pg_is_in_recovery()", connection);
        await using var _ = command.ConfigureAwait(false);
        return await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is true;
    }

    private async Task<string> ScriptAsync(
        NpgsqlConnection connection, IReadOnlyList<(uint Table, IReadOnlyList<string> Columns)> tables)
    {
        var command = new NpgsqlCommand(
            "SELECT quote_ident(current_user), array(SELECT format('%I.%I', n.nspname, c.relname) "
            + "FROM unnest($1) WITH ORDINALITY AS t (oid, n) JOIN pg_catalog.pg_class AS c ON c.oid = t.oid "
            + "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ORDER BY t.n)",
            connection)
        {
            Parameters = { new() { Value = tables.Select(table => table.Table).ToArray(), DataTypeName = "oid[]" } },
        };
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
        var names = reader.GetFieldValue<string[]>(1);
        return ChangeLogSchema.ScriptFor(
            names.Zip(tables, (name, table) => (name, table.Columns)), reader.GetString(0), limits.LeaseSeconds);
    }

    private static string? Reason(PostgresException failure) => failure switch
    {
        { SqlState: PostgresErrorCodes.WrongObjectType } => failure.MessageText,
        { SqlState: PostgresErrorCodes.LockNotAvailable } =>
            "A table has been written to for seconds without a pause between transactions, or it or its log is locked: "
            + "its triggers could not be created.",
        _ when failure.IsForbidden() =>
            "The app's role may not create triggers on a table, or not the schema chunkstream_live: only the table's "
            + "owner may. An owner has to run a script.",
        _ when failure.IsReadOnly() => "The database is read-only: live queries need one that is not.",
        _ => null,
    };

    private enum Renewal
    {
        Done,
        Busy,
        Held,
        Install,
        Gone,
    }
}

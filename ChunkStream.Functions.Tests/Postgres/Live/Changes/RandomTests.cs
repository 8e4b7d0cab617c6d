using System.Collections.Concurrent;
using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live.Changes;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>
/// Writers that do as they like, while the log is rotated and lapses: each committed change is in exactly the step
/// between whose two snapshots its transaction became visible.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class RandomTests(RealPostgres postgres)
{
    private const int Writers = 8;
    private const int Keys = 1000;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<(ulong Xid, string[] Keys)> _committed = [];
    private readonly List<(string From, LogStep To)> _steps = [];
    private int _checkable;

    [Fact]
    public async Task Each_change_is_in_the_one_step_in_which_its_transaction_became_visible()
    {
        await using var host = await LogHost.CreateAsync(
            postgres, "create table orders (id int primary key, n int); "
            + $"insert into orders select i, 0 from generate_series(1, {Keys}, 2) i");
        var watch = await host.WatchAsync("orders", "id");
        using var over = new CancellationTokenSource();
        using var reading = new CancellationTokenSource();

        var reader = Task.Run(() => ReadAsync(host, watch, reading.Token));
        var others = Enumerable.Range(1, Writers).Select(seed => Task.Run(() => WriteAsync(host, seed, over.Token)))
            .Append(Task.Run(() => RotateAsync(host, watch, over.Token)))
            .Append(Task.Run(() => LapseAsync(host, watch, over.Token)))
            .ToArray();
        await Task.Delay(Duration);

        // On a busy machine it takes longer until there is enough to check.
        await Bounded.Until(
            () => Task.FromResult(Volatile.Read(ref _checkable) > 500 || others.Any(task => task.IsFaulted)),
            "steps have found changes");
        await over.CancelAsync();
        await Task.WhenAll(others).Within();
        await reading.CancelAsync();
        await reader.Within();

        var found = 0;
        foreach (var (from, step) in _steps)
        {
            var (before, after) = (Snapshot.Parse(from), Snapshot.Parse(step.Position));
            var expected = _committed.Where(one => after.Shows(one.Xid) && !before.Shows(one.Xid)).ToArray();
            Assert.Equal(
                expected.SelectMany(one => one.Keys).Distinct().Order(StringComparer.Ordinal), step.Values);
            Assert.Equal(step.Values.Count > 0, step.HasChanges);
            found += expected.Length;
        }

        Assert.True(
            found > 50 && _steps.Count > 20,
            $"{found} of {_committed.Count} transactions in {_steps.Count} steps were checked.");
    }

    private async Task ReadAsync(LogHost host, Watch watch, CancellationToken cancellation)
    {
        string? position = null;
        for (var isLast = false; ; isLast = cancellation.IsCancellationRequested)
        {
            var step = await host.StepAsync(watch, position);
            if (step.Problem is null && position is not null)
            {
                _steps.Add((position, step));
                Interlocked.Add(ref _checkable, step.Values.Count);
            }

            position = step.Problem is null ? step.Position : null;
            if (isLast)
                return;
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task WriteAsync(LogHost host, int seed, CancellationToken cancellation)
    {
        var random = new Random(seed);
        await using var connection = await host.OpenAsync();
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await TransactAsync(connection, random);
            }
            catch (PostgresException failure)
                when (failure.SqlState is ['4', '0', ..] or ['2', '3', ..] or ['5', '5', ..])
            {
                // Deadlocks, conflicts of snapshots, and keys that are there already.
                await connection.SqlAsync("rollback");
            }
        }
    }

    private async Task TransactAsync(NpgsqlConnection connection, Random random)
    {
        var isolation = random.Next(2) == 0 ? "repeatable read" : "read committed";
        await connection.SqlAsync($"begin isolation level {isolation}; set local lock_timeout = '2s'; select 1");

        // Some snapshots are old before anything is written, and some transactions stay open.
        var isLong = random.Next(25) == 0;
        await Task.Delay(isLong ? random.Next(300) : random.Next(3));
        var changed = new List<string>();
        for (var statements = random.Next(1, 6); statements > 0; statements--)
        {
            var isSaved = random.Next(3) == 0;
            if (isSaved)
                await connection.SqlAsync("savepoint a");
            var keys = await ChangeAsync(connection, random);
            if (isSaved && random.Next(2) == 0)
                await connection.SqlAsync("rollback to a");
            else
                changed.AddRange(keys);
            await Task.Delay(isLong ? random.Next(60) : random.Next(2));
        }

        var xid = await ScalarAsync(connection, "select pg_current_xact_id_if_assigned()::text");
        var isRolledBack = random.Next(5) == 0;
        await connection.SqlAsync(isRolledBack ? "rollback" : "commit");
        if (!isRolledBack && xid is string text && changed.Count > 0)
            _committed.Enqueue((ulong.Parse(text, CultureInfo.InvariantCulture), [.. changed.Distinct()]));
    }

    private static async Task<List<string>> ChangeAsync(NpgsqlConnection connection, Random random)
    {
        var (one, other) = (random.Next(Keys), random.Next(Keys));
        var sql = random.Next(6) switch
        {
            0 => $"insert into orders values ({one}, 0) returning id::text",
            1 => $"update orders set n = n + 1 where id in ({one}, {other}) returning id::text",
            2 => $"update orders set id = {other} where id = {one} returning '{one}', id::text",
            3 => $"delete from orders where id = {one} returning id::text",
            4 => $"insert into orders select i, 0 from generate_series({one}, {one + 9}) i "
                + "where not exists (select from orders o where o.id = i) returning id::text",
            _ => $"delete from orders where id between {one} and {one + 3} returning id::text",
        };
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var keys = new List<string>();
        while (await reader.ReadAsync())
            keys.AddRange(Enumerable.Range(0, reader.FieldCount).Select(reader.GetString));
        return keys;
    }

    private static async Task RotateAsync(LogHost host, Watch watch, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await host.RotateAsync(watch);
            await Task.Delay(70, CancellationToken.None);
        }
    }

    // The lease ends, and a few milliseconds later somebody renews it. Sometimes nobody has written meanwhile.
    private static async Task LapseAsync(LogHost host, Watch watch, CancellationToken cancellation)
    {
        var random = new Random(0);
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(800, CancellationToken.None);
            await host.LapseAsync(watch);
            await Task.Delay(random.Next(6), CancellationToken.None);
            await host.Log.KeepAsync([watch.Id], isListening: false, default);
        }
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private sealed record Snapshot(ulong Xmax, HashSet<ulong> Running)
    {
        public static Snapshot Parse(string text)
        {
            var parts = text.Split(':');
            return new Snapshot(
                ulong.Parse(parts[1], CultureInfo.InvariantCulture),
                [.. parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries)
                    .Select(xid => ulong.Parse(xid, CultureInfo.InvariantCulture))]);
        }

        public bool Shows(ulong xid) => xid < Xmax && !Running.Contains(xid);
    }
}

using System.Diagnostics;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.Benchmarks.E2e.Servers;
using ChunkStream.LocalHost;
using Npgsql;
using static ChunkStream.Benchmarks.E2e.Report.ReportText;

namespace ChunkStream.Benchmarks.Live;

/// <summary>The benchmark of live queries.</summary>
internal static class LiveRun
{
    private const string HowToRead =
        """
        Two instances of the local host, each a process of its own, over one Postgres; half of the readers at each. A
        writer with a connection of its own commits changes of one row at a steady pace. *Delay* is from when its commit
        returned to when the change was read at a client; a change that a reader has to see and does not fails the run.
        *Looks* are the calls of the function that reads the log of changes, of both instances, for each second: one in
        each step that is taken for readers, and those that ask whether anything has changed. *CPU* is the share of a
        processor that an instance took. The clients run on the same machine, in one process.
        """;

    private const int Rows = 1_000;
    private const int OtherRows = 1_000;

    private static readonly TimeSpan LastArrival = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(10);

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static Task<int> RunAsync(LiveSettings settings, CancellationToken cancellation)
        => ReportedRun.RunAsync(
            LiveCommand.Name,
            settings.Output,
            async () =>
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                limit.CancelAfter(RunLimit);
                return (await MeasureAsync(settings, limit.Token), HasFailures: false);
            },
            cancellation);

    private static async Task<string> MeasureAsync(LiveSettings settings, CancellationToken cancellation)
    {
        // Postgres itself counts the calls of the function that looks.
        await using var databases = new TestDatabases(KeyValuePair.Create("track_functions", "pl"));
        var database = await databases.WithRowsAsync(OtherRows, cancellation);
        await ExecuteAsync(
            database,
            $"create table live_rows as select n as id, n as owner, 0 as n from generate_series(0, {Rows - 1}) n; "
                + "alter table live_rows add primary key (id); create index on live_rows (owner)",
            cancellation);
        await using var one = await StartAsync(database, cancellation);
        await using var other = await StartAsync(database, cancellation);

        var results = new List<LiveResult>();
        foreach (var live in LiveCase.All)
        {
            results.Add(await MeasureAsync(live, settings.Seconds, database, [one, other], cancellation));
            ConsoleLines.Out.Report(
                $"{live.What}: {results[^1].Delay.Median:0.0} ms, {results[^1].Delay.Percentile99:0.0} ms");
        }

        var machine = await Machine.DescribeAsync(databases.Description, cancellation);
        return Report(results, settings, machine);
    }

    private static Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation)
        => LocalHostServer.StartAsync(
            database.ConnectionString,
            cancellation,
            ("ChunkStream__ResumeKey", "one secret of all the instances of the benchmark"),
            ("ChunkStream__QueriesPath", Path.Combine(AppContext.BaseDirectory, "Live", "queries")),
            ("ChunkStream__DefaultQuery", "live_rows"));

    private static async Task<LiveResult> MeasureAsync(
        LiveCase live, int seconds, TestDatabase database, ServerProcess[] servers, CancellationToken cancellation)
    {
        HttpClient[] clients = [.. servers.Select(server => new HttpClient(
            new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{server.Port}/"),
            Timeout = Timeout.InfiniteTimeSpan,
        })];
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        LiveReader[] readers = [.. Enumerable.Range(0, live.Readers).Select(_ => new LiveReader())];
        var reading = new List<Task>();
        foreach (var (place, reader) in readers.Index())
        {
            reading.Add(await reader.BeginAsync(
                clients[place % clients.Length], live.PathOf(place), leaving.Token));
        }

        var looksBefore = await LooksAsync(database, cancellation);
        var cpuBefore = Cpu(servers);
        var started = Stopwatch.GetTimestamp();
        var committed = await WriteAsync(live, seconds, database, cancellation);
        await UntilArrivedAsync(live, readers, committed.Length, cancellation);
        var lasted = Stopwatch.GetElapsedTime(started);
        var cpu = Cpu(servers) - cpuBefore;
        var looks = await LooksAsync(database, cancellation) - looksBefore;

        await leaving.CancelAsync();
        await Task.WhenAll(reading);
        foreach (var client in clients)
            client.Dispose();
        var delays = readers.SelectMany(reader => reader.Arrivals)
            .Select(arrival => Stopwatch.GetElapsedTime(committed[arrival.Change - 1], arrival.At))
            .Select(delay => delay > TimeSpan.Zero ? delay : TimeSpan.Zero);
        return new LiveResult(
            live,
            committed.Length,
            Latency.Of([.. delays]),
            (long)(looks / lasted.TotalSeconds),
            cpu / lasted / servers.Length);
    }

    // The times at which the commits returned.
    private static async Task<long[]> WriteAsync(
        LiveCase live, int seconds, TestDatabase database, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var update = new NpgsqlCommand("update live_rows set n = $1 where id = $2", connection)
        {
            Parameters = { new NpgsqlParameter<int>(), new NpgsqlParameter<int>() },
        };
        await update.PrepareAsync(cancellation);
        var committed = new long[live.ChangesPerSecond * seconds];
        var pace = TimeSpan.FromSeconds(1.0 / live.ChangesPerSecond);
        var started = Stopwatch.GetTimestamp();
        for (var change = 0; change < committed.Length; change++)
        {
            var wait = (pace * change) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, cancellation);
            ((NpgsqlParameter<int>)update.Parameters[0]).TypedValue = change + 1;
            ((NpgsqlParameter<int>)update.Parameters[1]).TypedValue = change % Math.Min(Rows, live.Readers * 100);
            await update.ExecuteNonQueryAsync(cancellation);
            committed[change] = Stopwatch.GetTimestamp();
        }

        return committed;
    }

    private static async Task UntilArrivedAsync(
        LiveCase live, LiveReader[] readers, int changes, CancellationToken cancellation)
    {
        // A row that changes twice within a step is told once.
        var started = Stopwatch.GetTimestamp();
        while (!readers.Select((reader, place) => HasLast(live, reader, place, changes)).All(has => has))
        {
            if (Stopwatch.GetElapsedTime(started) > LastArrival)
                throw new InvalidDataException($"{live.What}: a change did not arrive at all of its readers.");
            await Task.Delay(20, cancellation);
        }
    }

    private static bool HasLast(LiveCase live, LiveReader reader, int place, int changes)
    {
        var last = live.HasOwnRows ? LastOf(live, place, changes) : changes;
        return last == 0 || reader.Arrivals is [.., var (change, _)] && change >= last;
    }

    // The last change of a reader's own row; 0 if there was none.
    private static int LastOf(LiveCase live, int row, int changes)
    {
        var rows = Math.Min(Rows, live.Readers * 100);
        var rounds = (changes - 1 - row) / rows;
        return changes <= row ? 0 : (rounds * rows) + row + 1;
    }

    private static TimeSpan? Cpu(ServerProcess[] servers)
        => servers.Aggregate((TimeSpan?)TimeSpan.Zero, (sum, server) => sum + server.Usage.Cpu);

    private static async Task<long> LooksAsync(TestDatabase database, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(
            "select coalesce(sum(calls), 0)::bigint from pg_stat_user_functions "
            + "where schemaname = 'chunkstream_live' and funcname = 'look'");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task ExecuteAsync(TestDatabase database, string sql, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static string Report(IReadOnlyList<LiveResult> results, LiveSettings settings, IEnumerable<string> machine)
    {
        var text = new ReportText("Live queries", settings.CommandLine, machine, HowToRead, TimeProvider.System);
        text.Line($"\n| | changes/s | changes | delay ms: median | 99 % | looks/s | CPU |");
        text.Line($"|---|---:|---:|---:|---:|---:|---:|");
        foreach (var result in results)
        {
            text.Row(
                result.Case.What,
                Number(result.Case.ChangesPerSecond, "0"),
                Number(result.Changes, "0"),
                Number(result.Delay.Median, "0.0"),
                Number(result.Delay.Percentile99, "0.0"),
                Number(result.Looks, "0"),
                Number(result.ServerCpu, "0.00"));
        }

        return text.ToString();
    }
}

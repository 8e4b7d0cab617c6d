using System.Diagnostics;
using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using CsCheck;
using Npgsql;
using Xunit.Abstractions;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>
/// Two processes of the local host over a server of their own, with writers and readers that go on while instances,
/// connections and the server itself are killed. <c>CsCheck_Iter</c> makes more rounds of trouble.
/// </summary>
public sealed class LiveTroubleTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Writers = 3;
    private const int Readers = 6;
    private const int MostIds = 24;
    private const int FirstMark = 1000;

    // A reader checks each state that it is told of. It must not find more of them in its socket's buffers than it can
    // check in the time that it has after trouble.
    private const int MostAhead = 200;

    // All have to know the last change after trouble within this time, on a busy machine.
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    private static readonly (string Name, string Text)[] Queries =
    [
        ("items", "select id, team, note from items where team <> 3"),
        ("teams", "select team as id, count(*) as items, max(note) as note from items group by team"),
    ];

    private readonly RealPostgres _postgres = new();
    private readonly QueryFiles _files = new QueryFiles()
        .With("items", $"-- key: id\n-- live\n{Queries[0].Text}")
        .With("teams", $"-- key: id\n-- live: items(team)\n{Queries[1].Text}");

    private readonly List<LocalHostProcess> _instances = [];
    private int _crashes;

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        for (var instance = 0; instance < 2; instance++)
        {
            _instances.Add(new LocalHostProcess(
                _postgres.ConnectionString,
                ("ChunkStream__ResumeKey", "the one secret of all the instances, 0123456789"),
                ("ChunkStream__QueriesPath", _files.Folder)));
        }

        await Task.WhenAll(_instances.Select(instance => instance.StartAsync()));
    }

    public async Task DisposeAsync()
    {
        foreach (var instance in _instances)
            instance.Dispose();
        _files.Dispose();
        await _postgres.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_lost_and_nothing_hangs_whatever_is_killed()
    {
        var history = new RowHistory(_postgres, "items");
        await _postgres.ExecuteAsync(
            $"create table items (id int primary key, team int, note text); {history.Begin}");
        using var end = new CancellationTokenSource();
        var readers = Enumerable.Range(0, Readers)
            .Select(reader => new LiveTroubleReader(
                _instances, reader / 2, Queries[reader % 2], history, () => Volatile.Read(ref _crashes)))
            .ToArray();
        Task[] working =
        [
            .. readers.Select(reader => Task.Run(() => reader.RunAsync(end.Token))),
            .. Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer, readers, end.Token))),
        ];
        var mark = FirstMark;
        try
        {
            await UntilAllKnowAsync(mark, readers, working);
            await Gen.Int[0, 1_000_000].HoldsAsync(count: 1, async seed =>
            {
                foreach (var trouble in Troubles(new Random(seed)))
                {
                    var begin = TimeProvider.System.GetTimestamp();
                    var what = await trouble();
                    await UntilAllKnowAsync(++mark, readers, working);
                    Assert.All(readers, reader => Assert.Equal(_crashes, reader.CrashesKnown));
                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{what}: {TimeProvider.System.GetElapsedTime(begin).TotalSeconds:F1} s"));
                }
            });
            await end.CancelAsync();
            await Task.WhenAll(working).Within();
            Assert.All(readers, reader => Assert.True(reader.Count is { Cuts: > 0, Checks: > 5 }, $"{reader}"));
        }
        finally
        {
            await end.CancelAsync();
            foreach (var reader in readers)
            {
                output.WriteLine($"{reader}");
                reader.Dispose();
            }

            foreach (var instance in _instances)
                output.WriteLine($"--- {instance.Address} said:\n{instance.Said}");
        }
    }

    private Func<Task<string>>[] Troubles(Random random)
    {
        Func<Task<string>>[] troubles =
        [
            () => KillAsync(_instances[0]), () => KillAsync(_instances[1]), EndListenersAsync, EndAllAsync,
            KillPostgresAsync,
        ];
        random.Shuffle(troubles);
        return troubles;

        async Task<string> KillAsync(LocalHostProcess instance)
        {
            instance.Kill();
            await instance.StartAsync();
            return "an instance was killed";
        }

        async Task<string> EndListenersAsync()
            => $"{await EndAsync("application_name = 'ChunkStream live'")} listening connections were ended";

        async Task<string> EndAllAsync()
            => $"{await EndAsync("application_name like 'ChunkStream%'")} connections of the app were ended";

        // With all its processes, none of which can say anything to anybody.
        async Task<string> KillPostgresAsync()
        {
            var id = await _postgres.ScalarAsync<string>(
                "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
            using var server = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));
            Interlocked.Increment(ref _crashes);
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync().Within();
            await Task.Delay(random.Next(500));
            await _postgres.StartAgainAsync();
            return "Postgres was killed";
        }

        Task<long> EndAsync(string which) => _postgres.ScalarAsync<long>(
            $"select count(pg_terminate_backend(pid)) from pg_stat_activity where {which}");
    }

    // A change after the trouble reaches all. Who then has it has all that came before.
    private async Task UntilAllKnowAsync(int mark, LiveTroubleReader[] readers, Task[] working)
    {
        await _postgres.ExecuteAsync($"insert into items values ({mark}, {mark}, 'a mark')");
        await Bounded.Until(
            async () =>
            {
                if (working.FirstOrDefault(task => task.IsFaulted) is { } failed)
                    await failed;
                return readers.All(reader => reader.UpToDate.Contains($"{mark}"));
            },
            $"all know {mark}",
            Recovery);
    }

    private static async Task<bool> IsAheadAsync(NpgsqlConnection connection, LiveTroubleReader[] readers)
    {
        await using var command = new NpgsqlCommand(
            "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint", connection);
        var next = (long)(await command.ExecuteScalarAsync(CancellationToken.None))!;
        return next - readers.Min(reader => reader.Reached) > MostAhead;
    }

    // Some commit without a wait for the disk: a crash may undo what readers have seen.
    private async Task WriteAsync(int writer, LiveTroubleReader[] readers, CancellationToken end)
    {
        var random = new Random(writer);
        var changes = new RandomWriter(random, Change);
        while (!end.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(
                    $"{_postgres.ConnectionString};Pooling=false;Application Name=tests;"
                    + $"Options=-csynchronous_commit={(writer % 2 == 0 ? "off" : "on")}");
                await connection.OpenAsync(CancellationToken.None);
                while (!end.IsCancellationRequested)
                {
                    if (await IsAheadAsync(connection, readers))
                    {
                        await Task.Delay(20, CancellationToken.None);
                        continue;
                    }

                    await changes.WriteAsync(connection, transactions: 1);
                    await Task.Delay(random.Next(20) == 0 ? 300 : 10, CancellationToken.None);
                }
            }
            catch (NpgsqlException)
            {
                // It was hit by the trouble.
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    private static string Change(Random random)
    {
        var (id, other, team) = (random.Next(MostIds), random.Next(MostIds), random.Next(5));
        return random.Next(5) switch
        {
            0 => $"delete from items where id = {id}",
            1 => $"update items set team = {team} where id between {id} and {id + 3}",
            2 => $"update items set id = {other} where id = {id}",
            _ => $"insert into items values ({id}, {team}, 'n{random.Next(100)}') "
                + "on conflict (id) do update set team = excluded.team, note = excluded.note",
        };
    }
}

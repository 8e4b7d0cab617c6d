using ChunkStream.Functions.Tests.Postgres.Live.Changes;
using ChunkStream.Functions.Tests.Support;
using CsCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>
/// Random histories: writers with savepoints, rollbacks, changes of keys, and transactions that stay open; readers that
/// are cut anywhere and go on at another instance. Whenever a reader is told that it is up to date, its rows are those
/// that the query gives in that snapshot. A table of all versions of each row tells what these are.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveHistoryTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Writers = 4;
    private const int MostIds = 24;

    // What each reader follows, and the condition on the rows that it has then.
    private static readonly (string Query, string Condition)[] Readers =
    [
        ("items", "team < 3"), ("of-team?team=1", "team = 1"), ("of-team?team=2", "team = 2"),
        ("first", "true order by team, id limit 5"),
    ];

    private readonly RowHistory _history = new(postgres, "live_items");
    private readonly QueryFiles _files = new QueryFiles()
        .With("items", "-- key: id\n-- live\nselect id, team, note from live_items where team < 3")
        .With(
            "of-team",
            "-- key: id\n-- param: team int\n-- live where team = @team\n"
            + "select id, team, note from live_items where team = @team")
        .With("first", "-- key: id\n-- live: rerun\nselect id, team, note from live_items order by team, id limit 5");

    private readonly List<PlainApi> _instances = [];

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            $"{_history.End}; create table live_items (id int primary key, team int, note text); {_history.Begin}");
        for (var instance = 0; instance < 2; instance++)
        {
            _instances.Add(await PlainApi.StartAsync(
                app => app.MapQueries(),
                services => services.AddChunkStream().AddQueries(),
                settings:
                [
                    ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
                    ("ChunkStream:ResumeKey", new string('k', 32)),
                ]));
        }

        // A trigger is created between transactions: among writers that leave no pause it is refused after seconds.
        foreach (var (query, _) in Readers)
        {
            using var first = new LiveClient(_instances[0].Client, $"/queries/{query}");
            await first.OpenAsync();
            await first.UntilUpToDateAsync();
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var instance in _instances)
            await instance.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync(_history.End);
    }

    [Fact]
    public Task Whoever_is_up_to_date_has_the_result_of_that_snapshot()
        => Gen.Int[0, 1_000_000].HoldsAsync(count: 10, RunAsync);

    private async Task RunAsync(int seed)
    {
        await postgres.ExecuteAsync($"{_history.Forget}; delete from live_items");
        await postgres.ExecuteAsync(
            $"insert into live_items select n, n % 5, 'first' from generate_series(1, {MostIds / 2}) n");
        using var written = new CancellationTokenSource();
        var reading = Readers.Index()
            .Select(reader => Task.Run(
                () => ReadAsync(new Random((seed * 1000) + reader.Index), reader.Item, written.Token)))
            .ToArray();
        await Task.WhenAll([
            .. Enumerable.Range(0, Writers).Select(writer => WriteAsync(new Random((seed * 100) + writer))),
            StayOpenAsync(new Random(seed)),
        ]).Within();
        await written.CancelAsync();
        await Task.WhenAll(reading).Within();
    }

    private async Task WriteAsync(Random random)
    {
        await using var connection = await postgres.OpenAsync();
        await new RandomWriter(random, Change).WriteAsync(connection, transactions: 12);
    }

    // A transaction that is open while others come and go. Its rows are its own, so that nobody waits for it.
    private async Task StayOpenAsync(Random random)
    {
        await using var connection = await postgres.OpenAsync();
        await connection.SqlAsync("begin");
        await connection.SqlAsync(
            $"insert into live_items select 1000 + n, n % 5, 'slow' from generate_series(1, {random.Next(1, 5)}) n");
        await Task.Delay(random.Next(100, 250));
        await connection.SqlAsync(random.Next(4) == 0 ? "rollback" : "commit");
    }

    private static string Change(Random random)
    {
        var (id, other, team) = (random.Next(MostIds), random.Next(MostIds), random.Next(5));
        return random.Next(6) switch
        {
            0 => $"delete from live_items where id = {id}",
            1 => $"update live_items set team = {team} where id between {id} and {id + 3}",
            2 => $"update live_items set id = {other} where id = {id}",
            3 => $"update live_items set note = note where id = {id}",
            _ => $"insert into live_items values ({id}, {team}, 'n{random.Next(100)}') "
                + "on conflict (id) do update set team = excluded.team, note = excluded.note",
        };
    }

    private async Task ReadAsync(Random random, (string Query, string Condition) follows, CancellationToken written)
    {
        using var client = new LiveClient(_instances[0].Client, $"/queries/{follows.Query}");
        using var other = new LiveClient(_instances[1].Client, $"/queries/{follows.Query}");
        var query = $"select id, team, note from live_items where {follows.Condition}";
        await new RandomReader(random, _history, query, mostLines: 60).ReadAsync(client, other, written);
    }
}

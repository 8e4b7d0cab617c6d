using System.Security.Claims;
using ChunkStream.Functions.Tests.Support;
using CsCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>
/// Random histories of rows that move between users, whom row-level security tells apart, while the log of changes is
/// rotated all the time. Steps take a while, so that readers join while one is under way. Each user has exactly the own
/// rows whenever it is up to date, and never sees another's.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveUserHistoryTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Writers = 3;
    private const int MostIds = 24;
    private const int MostLogBytes = 1_000_000_000;

    // Two readers of each user: they share steps. Owner 3 is nobody.
    private static readonly int[] ReadersUsers = [1, 2, 1, 2];

    private readonly RowHistory _history = new(postgres, "live_own");
    private readonly QueryFiles _files = new QueryFiles().With(
        "own", "-- access: user\n-- role: live_owner\n-- key: id\n-- live\n"
        + "select id, owner, note from live_own where live_pause(id)");

    private readonly List<PlainApi> _instances = [];

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            $"""
            {_history.End};
            drop role if exists live_owner;
            create or replace function live_pause(id int) returns bool language sql volatile as
              $$ select id >= 0 and pg_sleep(case when random() < 0.2 then 0.02 else 0 end) is not null $$;
            create role live_owner;
            create table live_own (id int primary key, owner int, note text);
            {_history.Begin}
            alter table live_own enable row level security;
            create policy own on live_own using (owner::text = current_setting('request.jwt.claim.sub', true));
            grant select on live_own to live_owner;
            """);
        for (var instance = 0; instance < 2; instance++)
        {
            _instances.Add(await PlainApi.StartAsync(
                app =>
                {
                    app.Use((http, next) =>
                    {
                        var user = http.Request.Headers["Test-User"].Single()!;
                        http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", user)], "test"));
                        return next(http);
                    });
                    app.MapPublicQueries();
                },
                services => services.AddChunkStream().AddQueries(),
                settings:
                [
                    ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
                    ("ChunkStream:ResumeKey", new string('k', 32)),
                ]));
        }

        // A trigger is created between transactions: among writers that leave no pause it is refused after seconds.
        using var first = new LiveClient(_instances[0].Client, "/public/queries/own") { User = "1" };
        await first.OpenAsync();
        await first.UntilUpToDateAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var instance in _instances)
            await instance.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync($"{_history.End}; drop function live_pause; drop role live_owner");
    }

    [Fact]
    public Task Whoever_is_up_to_date_has_its_own_rows_of_that_snapshot_and_never_sees_those_of_others()
        => Gen.Int[0, 1_000_000].HoldsAsync(count: 4, RunAsync);

    private async Task RunAsync(int seed)
    {
        await postgres.ExecuteAsync(
            $"""
            {_history.Forget};
            delete from live_own;
            insert into live_own select n, 1 + n % 3, 'first' from generate_series(1, {MostIds / 2}) n
            """);
        using var written = new CancellationTokenSource();
        var rotating = Task.Run(() => RotateAsync(new Random(seed), written.Token));
        var reading = ReadersUsers
            .Select((user, reader) => Task.Run(
                () => ReadAsync(user, new Random((seed * 1000) + reader), written.Token)))
            .ToArray();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            await using var connection = await postgres.OpenAsync();
            await new RandomWriter(new Random((seed * 100) + writer), Change).WriteAsync(connection, transactions: 15);
        })).Within();
        await written.CancelAsync();
        await rotating.Within();
        await Task.WhenAll(reading).Within();
    }

    private static string Change(Random random)
    {
        var (id, other, owner) = (random.Next(MostIds), random.Next(MostIds), random.Next(1, 4));
        return random.Next(6) switch
        {
            0 => $"delete from live_own where id = {id}",
            1 => $"update live_own set owner = {owner} where id between {id} and {id + 3}",
            2 => $"update live_own set owner = 1 + owner % 3, note = 'of {owner}' where id % 5 = {id % 5}",
            3 => $"update live_own set id = {other}, owner = {owner} where id = {id}",
            _ => $"insert into live_own values ({id}, {owner}, 'n{random.Next(100)}') "
                + "on conflict (id) do update set owner = excluded.owner, note = excluded.note",
        };
    }

    // What a reader still needs may be cut away: then it begins anew.
    private async Task RotateAsync(Random random, CancellationToken written)
    {
        await using var connection = await postgres.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"""
            select chunkstream_live.rotate(w.id, 0, {MostLogBytes})
            from chunkstream_live.watch w where w.relation = 'live_own'::regclass
            """,
            connection);
        while (!written.IsCancellationRequested)
        {
            try
            {
                await command.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (PostgresException missing) when (missing.SqlState is PostgresErrorCodes.UndefinedTable)
            {
                // No reader has come yet.
            }

            await Task.Delay(random.Next(10), CancellationToken.None);
        }
    }

    // It is cut often, so that it joins others whose step is under way.
    private async Task ReadAsync(int user, Random random, CancellationToken written)
    {
        using var client = Client(0);
        using var other = Client(1);
        var query = $"select id, owner, note from live_own where owner = {user}";
        await new RandomReader(random, _history, query, mostLines: 20)
        {
            AssertRow = row => Assert.Contains($"\"owner\":{user},", row, StringComparison.Ordinal),
        }.ReadAsync(client, other, written);

        LiveClient Client(int instance)
            => new(_instances[instance].Client, "/public/queries/own") { User = $"{user}" };
    }
}

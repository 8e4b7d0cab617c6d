using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit.Abstractions;

namespace ChunkStream.Functions.Tests.Identity.Isolation;

/// <summary>
/// Many users share a few connections, while connections are killed and clients leave: no user ever sees a row of
/// another, and nothing of a user stays on a connection. <c>CHUNKSTREAM_ISOLATION_SECONDS</c> says for how long,
/// <c>CHUNKSTREAM_ISOLATION_SEED</c> repeats the choices of a run.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class IsolationTests(RealPostgres postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int PoolSize = 4;

    // Everyone on a server connection of PgBouncer sees what the one before has left there. Of the settings that it
    // keeps for each client by itself, it makes those of the client.
    private const string LeftBehind =
        """
        select concat_ws(' ',
          nullif(current_setting('request.jwt.claims', true), ''),
          nullif(current_setting('request.jwt.claim.sub', true), ''),
          nullif(current_setting('role'), 'none'), case when current_user <> session_user then current_user end,
          (select string_agg(name || '=' || setting, ' ') from pg_settings where source = 'session' and name not in
            ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')),
          (select string_agg(name || ': ' || statement, ' ') from pg_prepared_statements),
          (select string_agg(name, ' ') from pg_cursors where name <> ''))
        """;

    // Any of the backends that are at work for the app.
    private const string Kill =
        """
        select count(pg_terminate_backend(pid)) from (
          select pid from pg_stat_activity where application_name = 'ChunkStream' and state <> 'idle'
          order by random() limit 1) one
        """;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(Number("CHUNKSTREAM_ISOLATION_SECONDS") ?? 0);

    private readonly QueryFiles _files = IsolatedRows.Files();

    public Task InitializeAsync() => IsolatedRows.CreateAsync(postgres);

    public async Task DisposeAsync()
    {
        _files.Dispose();
        await IsolatedRows.DropAsync(postgres);
    }

    [Fact]
    public Task On_a_small_pool_each_user_gets_all_of_its_own_rows_and_nothing_of_another()
        => RunAsync(postgres.ConnectionString + ";No Reset On Close=true", users: IsolatedRows.Users / 4);

    [PgBouncerFact]
    public async Task Behind_PgBouncer_each_user_gets_all_of_its_own_rows_and_nothing_of_another()
    {
        await using var bouncer = await PgBouncer.StartAsync(postgres, PoolSize - 1);
        await using var other = NpgsqlDataSource.Create(
            bouncer.ConnectionString + ";Application Name=other;Maximum Pool Size=1");
        await RunAsync(
            bouncer.ConnectionString, IsolatedRows.Users, (run, end) => LookAsync(other, run, end));
    }

    private async Task RunAsync(
        string connectionString, int users, Func<IsolationRun, CancellationToken, Task>? look = null)
    {
        var seed = Number("CHUNKSTREAM_ISOLATION_SEED") ?? Random.Shared.Next();
        output.WriteLine($"CHUNKSTREAM_ISOLATION_SEED={seed}");
        await using var issuer = await TokenIssuer.StartAsync();
        await using var api = await PlainApi.StartAsync(
            app =>
            {
                app.MapQueries();
                app.MapPublicQueries();
            },
            services => services.AddChunkStream()
                .AddQueries(options =>
                {
                    (options.QueriesPath, options.ResumeKey) = (_files.Folder, "a secret of these tests, long enough");
                    options.DatabaseRoles = $"{IsolatedRows.Reader}, {IsolatedRows.Auditor}";
                })
                .AddPostgres(_ => new NpgsqlDataSourceBuilder(
                    $"{connectionString};Maximum Pool Size={PoolSize}"))
                .AddIdentity(),
            settings: [.. issuer.Settings, ("ChunkStream:Postgres:QueueSeconds", "60")]);
        var run = new IsolationRun(seed, api, issuer, Duration);

        try
        {
            await run.RunAsync(
                users, end => KillAsync(run, end), end => look?.Invoke(run, end) ?? Task.CompletedTask);
        }
        finally
        {
            output.WriteLine(
                string.Join(", ", run.Happened.OrderBy(one => one.Key).Select(one => $"{one.Value} {one.Key}")));
            foreach (var entry in InternalErrors(api))
                output.WriteLine($"{entry.Message} {entry.Exception}");
        }

        string[] expected =
        [
            "read", "resumed", "begun anew", "expired", "cancelled", "refused", "forged", "failed first",
            "failed later", "nobody", "killed", .. look is null ? [] : (string[])["looked"],
        ];
        Assert.All(expected, what => Assert.True(run.Happened.ContainsKey(what), $"Nothing was {what}."));
        Assert.Empty(InternalErrors(api));
    }

    private static IEnumerable<RecordedLog.Entry> InternalErrors(PlainApi api)
        => api.Log.Entries.Where(entry => entry.Message.Contains("internal-error", StringComparison.Ordinal));

    private async Task KillAsync(IsolationRun run, CancellationToken end)
    {
        // On a machine on which everything takes long, the users must get on nevertheless.
        var chance = run.Chance(of: -1);
        for (var next = 0; !end.IsCancellationRequested; await Task.Delay(chance.Next(10, 100), CancellationToken.None))
        {
            if (run.Done < next || await postgres.ScalarAsync<long>(Kill) == 0)
                continue;
            run.Count("killed");
            next = run.Done + chance.Next(1, 8);
        }
    }

    private static async Task LookAsync(NpgsqlDataSource other, IsolationRun run, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                await using var look = other.CreateCommand(LeftBehind);
                Assert.Equal("", await look.ExecuteScalarAsync(CancellationToken.None).Within());
                run.Count("looked");
            }
            catch (NpgsqlException)
            {
                // Its connection was killed.
            }

            await Task.Delay(1, CancellationToken.None);
        }
    }

    private static int? Number(string variable)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}

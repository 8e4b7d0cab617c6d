using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres;

/// <summary>
/// Queries and durable streams work through PgBouncer in transaction mode, where each transaction may get another
/// server connection.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class PgBouncerTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 20_000;
    private PgBouncer? _bouncer;

    private string ConnectionString => _bouncer!.ConnectionString;

    public async Task InitializeAsync()
    {
        if (PgBouncer.Program is null)
            return;

        _bouncer = await PgBouncer.StartAsync(postgres, poolSize: 3);
        await postgres.ExecuteAsync(
            "drop table if exists bounced; "
            + $"create table bounced as select n, repeat('x', 400) as filler from generate_series(1, {Rows}) n; "
            + "alter table bounced add primary key (n)");
    }

    public Task DisposeAsync() => _bouncer?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    [PgBouncerFact]
    public async Task Streams_pauses_cancellation_and_checks_work_and_leave_nothing_behind()
    {
        await using var api = await LocalApi.ServingAsync(
            ConnectionString + ";Maximum Pool Size=10",
            new QueryFiles().With(
                "rows", "-- param: least integer = 1\n-- key: n\nselect n, filler from bounced where n >= @least"),
            ("ChunkStream:Postgres:StallSeconds", "0.2"));

        // More streams at a time than PgBouncer has server connections.
        var bodies = await Task.WhenAll(
            Enumerable.Range(0, 9).Select(_ => api.Client.GetStringAsync("/api/db-stream").Within()));
        Assert.All(bodies, body => Assert.Equal(Rows, body.Count(c => c == '\n')));
        Assert.Contains(
            "\"warnings\": []", await api.Client.GetStringAsync("/api/queries").Within(), StringComparison.Ordinal);

        using (var client = await RawClient.GetAsync(api.Client.BaseAddress!, "/api/db-stream?least=5"))
        {
            await client.ReadBytesAsync(200_000);
            await postgres.AssertNothingRunsAsync();
            var (_, whole) = await client.CountToEndAsync((byte)'\n');
            Assert.True(whole);
        }

        using (var response = await api.GetAsync("/api/db-stream"))
            await (await response.Content.ReadAsStreamAsync()).ReadSomeAsync();
        await postgres.AssertNothingRunsAsync();

        // The next user of the server connection finds its settings unchanged.
        await using var other = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await other.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select current_setting('cursor_tuple_fraction') || current_setting('synchronize_seqscans') "
            + "|| current_setting('transaction_read_only')",
            other);
        for (var round = 0; round < 10; round++)
            Assert.Equal("0.1onoff", await command.ExecuteScalarAsync().Within());
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Exception is not null);
    }

    [PgBouncerFact]
    public async Task Durable_streams_work_and_leave_the_default_isolation_behind_as_it_was()
    {
        var database = $"bounced_{Guid.NewGuid():N}";
        await postgres.ExecuteAsync($"create database {database}");
        await postgres.ExecuteAsync($"alter database {database} set default_transaction_isolation = 'repeatable read'");
        var settings = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database };
        var connectionString = settings.ConnectionString;
        await using (var one = StoreHost.Start(connectionString))
        await using (var two = StoreHost.Start(connectionString))
        {
            var path = StoreHost.NewPath();
            await one.CreateAsync(path);

            await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            {
                for (var n = 0; n < 25; n++)
                    Assert.Equal(
                        AppendStatus.Appended, (await (writer % 2 == 0 ? one : two).AppendAsync(path, "x")).Status);
            }))).Within();

            Assert.Equal(new string('x', 200), await one.ReadAllAsync(path));
            Assert.DoesNotContain(one.Log.Entries.Concat(two.Log.Entries), entry => entry.Exception is not null);
        }

        await using (var other = new NpgsqlConnection(connectionString + ";Pooling=false"))
        {
            await other.OpenAsync();
            await using var command = new NpgsqlCommand("show transaction_isolation", other);
            for (var round = 0; round < 10; round++)
                Assert.Equal("repeatable read", await command.ExecuteScalarAsync().Within());
        }

        await postgres.ExecuteAsync($"drop database {database} with (force)");
    }
}

using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Cursors;

/// <summary>
/// However and wherever a cursor ends, it is disposed quickly and without an exception, and the next user of its
/// connection reads only its own rows.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class CursorEndTests(RealPostgres postgres) : IAsyncLifetime
{
    // Rows so narrow that each FETCH which is sent ahead has a Sync of its own.
    private const string Quick = "select n from generate_series(1, 100000) n";

    // The first rows can be read while the backend still runs a FETCH that was sent ahead.
    private const string SlowAhead =
        "select n, case when n > 1000 then pg_sleep(600)::text end as slept from generate_series(1, 100000) n";
    private const string FailsAhead = "select n, 10 / (5000 - n) as v from generate_series(1, 100000) n";

    // The number of rows that arrive before the FETCH with the slow or the failing row.
    private const int BeforeSlow = 978 - FetchPlan.MostRows;
    private const int BeforeFailing = 4978 - FetchPlan.MostRows;

    private readonly PostgresDatabase _database = DatabaseOf(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _database.DisposeAsync().AsTask();

    [Theory]
    [InlineData(Quick, 1)]
    [InlineData(Quick, 20)]
    [InlineData(Quick, 700)]
    [InlineData(Quick, 20_000)]
    [InlineData(SlowAhead, 1)]
    [InlineData(SlowAhead, BeforeSlow)]
    [InlineData(FailsAhead, 4000)]
    [InlineData(FailsAhead, BeforeFailing)]
    public async Task Between_two_rows(string query, int rows)
    {
        foreach (var isCancelled in new[] { false, true })
        {
            using var leaving = new CancellationTokenSource();
            var source = Open(query, cancellation: leaving.Token);
            await ReadAsync(source, rows);
            if (isCancelled)
                await leaving.CancelAsync();

            await AssertLetGoAsync(source);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_a_row_is_awaited(bool isCancelled)
    {
        using var leaving = new CancellationTokenSource();
        var source = Open(SlowAhead, cancellation: leaving.Token);
        var waiting = ReadAsync(source, int.MaxValue);
        await UntilOneSleepsAsync();
        if (isCancelled)
        {
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());
        }
        else
        {
            await postgres.ExecuteAsync($"select pg_cancel_backend(pid) {Backends}");
            await Assert.ThrowsAsync<QueryCancelledException>(() => waiting.Within());
        }

        await AssertLetGoAsync(source);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_the_server_ends_the_connection(bool isAwaited)
    {
        var source = Open(SlowAhead);
        var reading = ReadAsync(source, isAwaited ? int.MaxValue : BeforeSlow);
        await (isAwaited ? UntilOneSleepsAsync() : reading.Within());
        await postgres.ExecuteAsync($"select pg_terminate_backend(pid, 10000) {Backends}");

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => isAwaited ? reading : ReadAsync(source, int.MaxValue));
        await AssertLetGoAsync(source);
    }

    [Fact]
    public async Task When_a_row_takes_longer_than_the_query_allows()
    {
        var source = new CursorSource(
            _database, new QueryRun(new(SlowAhead) { Timeout = TimeSpan.FromSeconds(1) }), RecordEncoding.Json,
            TimeProvider.System, default);

        await Assert.ThrowsAsync<QueryTimeoutException>(() => ReadAsync(source, int.MaxValue));
        await AssertLetGoAsync(source);
    }

    [Fact]
    public async Task Not_when_a_row_comes_in_the_moment_in_which_its_time_is_over()
    {
        // A limit of its own, and rows that come so slowly that each FETCH after the first round is waited for.
        var time = new LostRaceTime(TimeSpan.FromSeconds(61));
        const string Slow =
            "select n, case when n % 1000 = 0 then pg_sleep(0.05)::text end as slept from generate_series(1, 5000) n";
        await using var source = new CursorSource(
            _database, new QueryRun(new(Slow) { Timeout = TimeSpan.FromSeconds(61) }), RecordEncoding.Json,
            time, default);

        await ReadAsync(source, 5000);

        Assert.False(await source.WaitToReadAsync().AsTask().Within());
        Assert.InRange(time.Lost, 1, int.MaxValue);
    }

    [Fact]
    public async Task When_a_FETCH_fails_that_others_stand_behind()
    {
        var source = Open(FailsAhead);

        var failure = await Assert.ThrowsAsync<PostgresException>(() => ReadAsync(source, int.MaxValue));
        Assert.Equal(PostgresErrorCodes.DivisionByZero, failure.SqlState);
        await AssertLetGoAsync(source);
    }

    [Theory]
    [InlineData(4000)]
    [InlineData(int.MaxValue)]
    public async Task When_a_FETCH_fails_amid_its_rows_and_others_stand_behind(int rows)
    {
        // Postgres finds the error only while it sends the rows: the bytes are not valid text in the client's encoding.
        await postgres.ExecuteAsync("create database bytes encoding 'SQL_ASCII' locale 'C' template template0");
        try
        {
            var settings =
                new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = "bytes", Pooling = true };
            await using var database = DatabaseOf(settings.ConnectionString);
            for (var time = 0; time < 3; time++)
            {
                var source = Open(
                    @"select n, case n when 5000 then E'\xff' end as t from generate_series(1, 100000) n", database);
                if (rows < int.MaxValue)
                    await ReadAsync(source, rows);
                else
                    Assert.Equal(
                        "22021", (await Assert.ThrowsAsync<PostgresException>(() => ReadAsync(source, rows))).SqlState);
                await AssertLetGoAsync(source, database);
            }
        }
        finally
        {
            await postgres.ExecuteAsync("drop database bytes with (force)");
        }
    }

    private const string Backends =
        "from pg_stat_activity where application_name = 'ChunkStream' and state <> 'idle' and pid <> pg_backend_pid()";

    private Task UntilOneSleepsAsync()
        => Bounded.Until(
            async () => await postgres.ScalarAsync<long>($"select count(*) {Backends} and wait_event = 'PgSleep'") > 0,
            "the backend is at a slow row");

    // There is one connection for streams, so the next stream gets the one of the stream before.
    private static PostgresDatabase DatabaseOf(string connectionString)
        => new(
            ConfiguredConnection.Create(connectionString + ";Maximum Pool Size=2"), new PostgresOptions(),
            TimeProvider.System, NullLoggerFactory.Instance);

    private CursorSource Open(string query, PostgresDatabase? database = null, CancellationToken cancellation = default)
        => new(database ?? _database, new QueryRun(new(query)), RecordEncoding.Json, TimeProvider.System, cancellation);

    private static async Task ReadAsync(CursorSource source, int rows)
    {
        for (var read = 0; read < rows; read++)
        {
            if (!source.TryRead())
            {
                Assert.True(await source.WaitToReadAsync().AsTask().Within());
                Assert.True(source.TryRead());
            }

            Written.By(source.WriteRecord);
        }
    }

    private async Task AssertLetGoAsync(CursorSource source, PostgresDatabase? database = null)
    {
        await source.DisposeAsync().AsTask().Within();
        for (var time = 0; time < 3; time++)
        {
            await using var next = Open(
                $"select {time} as n, repeat('x', n) as filler from generate_series(1, 3) n", database);
            var rows = new List<string>();
            while (await next.WaitToReadAsync().AsTask().Within())
            {
                while (next.TryRead())
                    rows.Add(Written.By(next.WriteRecord));
            }

            Assert.Equal(
                Enumerable.Range(1, 3).Select(n => $$"""{"n":{{time}},"filler":"{{new string('x', n)}}"}"""), rows);
        }
    }
}

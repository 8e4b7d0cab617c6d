using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Cursors;

/// <summary>
/// Rows that are quick and narrow until thousands of them are fetched ahead, and then become slow or wide.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class ChangingRowsTests(RealPostgres postgres)
{
    private const int Quick = 150_000;

    [Fact]
    public async Task Rows_that_get_slow_keep_to_a_timeout_that_none_of_them_takes()
    {
        // Each row takes a fraction of the timeout, and all together take longer.
        var query = new PostgresQuery(
            $"select n id, case when n > {Quick} then (select 'w' from pg_sleep(0.03 + 0 * n)) else 'x' end v "
            + $"from generate_series(1, {Quick + 90}) n")
        {
            Timeout = TimeSpan.FromSeconds(2),
        };

        Assert.Equal(Quick + 90, await CountAsync(query));
    }

    [Fact]
    public async Task A_keyed_query_is_asked_for_one_row_alone_before_it_counts_as_too_slow()
    {
        await postgres.ExecuteAsync("drop table if exists changing; create table changing as select n "
            + "from generate_series(1, 20006) n; create unique index on changing (n); analyze changing");

        // Three of the slow rows together take longer than the timeout, but no single one does.
        var query = new PostgresQuery(
            "select n id, case when n > 20000 then (select 'w' from pg_sleep(0.5 + 0 * n)) else 'x' end v "
            + "from changing order by n")
        {
            Key = [new KeyColumn("id", IsDescending: false)],
            Timeout = TimeSpan.FromSeconds(1.3),
        };

        Assert.Equal(20_006, await CountAsync(query));
    }

    [Fact]
    public async Task A_row_that_never_comes_holds_back_no_more_rows_than_one_fetch_has()
    {
        const int Last = Quick + 700;
        using var leaving = new CancellationTokenSource();
        await using var source = postgres.Open(
            $"select n, case when n = {Last} then (select 1 from pg_sleep(600 + 0 * n)) end v "
            + $"from generate_series(1, {Last}) n", cancellation: leaving.Token);

        for (var rows = 0; rows < Last - FetchPlan.MostRows;)
        {
            Assert.True(await source.WaitToReadAsync().Within());
            for (; source.TryRead(); rows++)
                Written.By(source.WriteRecord);
        }

        await leaving.CancelAsync();
    }

    [Fact]
    public async Task Rows_that_get_wide_fill_no_temporary_files_but_those_of_one_fetch()
    {
        const int Width = 100_000;
        await using var source = postgres.Open(
            $"select n, case when n > {Quick} then repeat(n::text, {Width / 6}) else 'x' end v "
            + $"from generate_series(1, {Quick + 600}) n");
        var rows = 0;
        while (rows <= Quick)
        {
            Assert.True(await source.WaitToReadAsync().Within());
            for (; rows <= Quick && source.TryRead(); rows++)
                Written.By(source.WriteRecord);
        }

        var bytes = await postgres.ScalarAsync<decimal>("select coalesce(sum(size), 0) from pg_ls_tmpdir()");

        Assert.InRange(bytes, 0, 1.5m * Width * FetchPlan.MostRows);
    }

    [Fact]
    public async Task A_failure_far_into_narrow_rows_comes_after_them_and_is_the_one_of_its_own_row()
    {
        await using var source = postgres.Open($"select 1 / ({Quick} - n) v from generate_series(1, {Quick + 5000}) n");
        var rows = 0;
        var failure = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            while (await source.WaitToReadAsync().Within())
            {
                for (; source.TryRead(); rows++)
                    Written.By(source.WriteRecord);
            }
        });

        Assert.Equal(PostgresErrorCodes.DivisionByZero, failure.SqlState);
        Assert.InRange(rows, Quick - 1 - FetchPlan.MostRows, Quick - 1);
    }

    [Fact]
    public async Task A_connection_serves_others_after_it_was_left_in_the_middle_of_narrow_rows()
    {
        // One connection for streams, and one that is kept for health.
        await using var database = new PostgresDatabase(
            ConfiguredConnection.Create(postgres.ConnectionString + ";Maximum Pool Size=2"),
            new PostgresOptions(),
            TimeProvider.System,
            NullLoggerFactory.Instance);
        for (var time = 0; time < 3; time++)
        {
            var source = Open(database, new PostgresQuery(
                "select n, case when n > 20000 then pg_sleep(600) end v from generate_series(1, 100000) n"));
            for (var rows = 0; rows < 20_000 - FetchPlan.MostRows;)
            {
                Assert.True(await source.WaitToReadAsync().Within());
                for (; source.TryRead(); rows++)
                    Written.By(source.WriteRecord);
            }

            await source.DisposeAsync().AsTask().Within();
            await using var other = Open(database, new PostgresQuery("select 1 as a"));
            Assert.True(await other.WaitToReadAsync().Within());
        }
    }

    private async Task<int> CountAsync(PostgresQuery query)
    {
        await using var source = Open(postgres.Database, query);
        var rows = 0;
        while (await source.WaitToReadAsync().Within())
        {
            for (; source.TryRead(); rows++)
                Written.By(source.WriteRecord);
        }

        return rows;
    }

    private static CursorSource Open(PostgresDatabase database, PostgresQuery query)
        => new(database, new QueryRun(query), RecordEncoding.Json, TimeProvider.System, default);
}

using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Cursors;

[Collection(RealPostgres.Collection)]
public sealed class CursorSourceTests(RealPostgres postgres)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(33)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public async Task Every_row_comes_once_and_in_order_whatever_their_number(int rows)
    {
        var lines = await postgres.StreamedAsync($"select n from generate_series(1, {rows}) n").Within();

        Assert.Equal(Enumerable.Range(1, rows).Select(n => $$"""{"n":{{n}}}"""), lines);
    }

    [Fact]
    public async Task A_row_does_not_wait_for_slow_ones_after_it()
    {
        // One row at once, then a long sleep before each of the others.
        await using var source = postgres.Open(
            "select n, case when n > 1 then pg_sleep(600) end as slept from generate_series(1, 3) n");

        Assert.True(await source.WaitToReadAsync().Within());
    }

    [Fact]
    public async Task A_failure_comes_after_the_rows_before_it()
    {
        await using var source = postgres.Open("select 10 / (5 - n) as v from generate_series(1, 10) n");

        Assert.True(await source.WaitToReadAsync().Within());
        Assert.True(source.TryRead());
        Assert.Equal("""{"v":2}""", Written.By(source.WriteRecord));
        var failure = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            while (await source.WaitToReadAsync().Within())
            {
                while (source.TryRead())
                    Written.By(source.WriteRecord);
            }
        });
        Assert.Equal(PostgresErrorCodes.DivisionByZero, failure.SqlState);
        Assert.Equal(500, source.Describe(failure).Status);
    }

    [Fact]
    public async Task Notices_and_warnings_of_a_query_s_functions_are_not_sent()
    {
        var name = "noisy_" + Guid.NewGuid().ToString("N");
        await postgres.ExecuteAsync(
            $"create function {name}() returns text language plpgsql as $$begin raise warning 'noise'; "
            + "return current_setting('client_min_messages'); end$$");
        await postgres.ExecuteAsync("alter role current_user set client_min_messages = 'debug1'");
        try
        {
            Assert.Equal(["""{"v":"error"}"""], await postgres.StreamedAsync($"select {name}() as v").Within());
        }
        finally
        {
            await postgres.ExecuteAsync($"alter role current_user reset client_min_messages; drop function {name}()");
        }
    }

    [Fact]
    public async Task Nothing_can_be_written_through_a_stream()
    {
        await postgres.ExecuteAsync("create sequence if not exists never_advanced");
        await using var source = postgres.Open("select nextval('never_advanced') as v");

        var failure = await Assert.ThrowsAsync<PostgresException>(() => source.WaitToReadAsync().Within());
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, failure.SqlState);
    }

    [Fact]
    public async Task Disposing_in_the_middle_of_a_large_result_frees_the_backend_without_reading_the_rest()
    {
        var source = postgres.Open(
            "select n, repeat('x', 1000) as filler from generate_series(1, 7000) n, generate_series(1, 7000) m");
        for (var taken = 0; taken < 10_000;)
        {
            Assert.True(await source.WaitToReadAsync().Within());
            while (source.TryRead())
                taken++;
        }

        // To read the rest of such a query takes a minute and more.
        await source.DisposeAsync().AsTask().Within();
        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task The_connection_is_given_back_with_the_last_row()
    {
        await using var source = postgres.Open("select 1 as a");
        Assert.True(await source.WaitToReadAsync().Within());
        Assert.True(source.TryRead());
        Written.By(source.WriteRecord);
        Assert.False(source.TryRead());
        Assert.False(await source.WaitToReadAsync().Within());

        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task Cancelling_while_the_first_row_is_awaited_ends_the_query()
    {
        using var leaving = new CancellationTokenSource();
        var source = postgres.Open("select pg_sleep(600)", cancellation: leaving.Token);
        var waiting = source.WaitToReadAsync().AsTask();
        await postgres.UntilOneRunsAsync();

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());
        await source.DisposeAsync().AsTask().Within();
        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task A_key_without_a_secret_for_tokens_promises_no_checkpoints()
    {
        var query = new QueryRun(new("select 1 as id") { Key = [new KeyColumn("id", IsDescending: false)] });
        await using var source = new CursorSource(
            postgres.Database, query, RecordEncoding.Json, TimeProvider.System, default);

        Assert.True(await source.WaitToReadAsync().Within());
        Assert.False(source.Schema.HasCheckpoints);
    }

    [Fact]
    public async Task A_missing_table_is_told_apart_from_a_failing_server()
    {
        await using var source = postgres.Open("select * from no_such_table");

        var failure = await Assert.ThrowsAsync<PostgresException>(() => source.WaitToReadAsync().Within());
        Assert.Equal("urn:chunkstream:broken-query", source.Describe(failure).Type);
    }
}

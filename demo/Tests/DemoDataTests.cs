using ChunkStream.Demo.Data;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Demo.Tests;

[Collection(RealPostgres.Collection)]
public sealed class DemoDataTests(RealPostgres postgres) : IAsyncLifetime
{
    public Task InitializeAsync() => postgres.ExecuteAsync("drop table if exists large_table");

    public Task DisposeAsync() => InitializeAsync();

    [Fact]
    public async Task The_table_is_made_once_and_anew_for_another_number_of_rows()
    {
        var shown = new List<long>();
        Assert.Equal(DemoDataOutcome.Made, await EnsureAsync(2500, shown));
        Assert.Equal([0, 1000, 2000, 2500], shown);
        Assert.Equal(2500, await postgres.ScalarAsync<long>("select count(*) from large_table"));
        Assert.Equal(DemoDataOutcome.Kept, await EnsureAsync(2500));
        Assert.Equal(DemoDataOutcome.Made, await EnsureAsync(10));
        Assert.Equal(10, await postgres.ScalarAsync<long>("select count(*) from large_table"));
    }

    [Fact]
    public async Task Its_columns_are_of_the_common_types_and_stream_as_they_are()
    {
        await EnsureAsync(1000);

        Assert.Equal(
            "bigint,integer,numeric,double precision,text,boolean,text,timestamp with time zone,jsonb",
            await postgres.ScalarAsync<string>(
                "select string_agg(data_type, ',' order by ordinal_position) "
                + "from information_schema.columns where table_name = 'large_table'"));
        Assert.Equal(
            1,
            await postgres.ScalarAsync<int>(
                """select (bool_or(description like '%"%') """
                + "and bool_or(octet_length(description) > length(description)) "
                + "and bool_or(note is null) and not bool_and(note is null))::int from large_table"));
        Assert.Equal(1000, (await postgres.StreamedAsync("select * from large_table")).Length);
    }

    [Fact]
    public async Task A_table_of_somebody_else_is_left_alone()
    {
        await postgres.ExecuteAsync("create table large_table as select 42 as answer");

        Assert.Equal(DemoDataOutcome.NotOurs, await EnsureAsync(10));
        Assert.Equal(42, await postgres.ScalarAsync<int>("select answer from large_table"));
    }

    [Fact]
    public async Task What_was_left_half_done_is_never_taken_for_the_table()
    {
        using var interrupt = new CancellationTokenSource();
        var progress = new SyncProgress(done => interrupt.CancelAfter(done >= 1000 ? 0 : -1));
        await Assert.ThrowsAnyAsync<Exception>(
            () => DemoData.EnsureAsync(postgres.ConnectionString, 3000, progress, interrupt.Token).Within());
        await Assert.ThrowsAsync<PostgresException>(
            () => postgres.ScalarAsync<long>("select count(*) from large_table"));

        Assert.Equal(DemoDataOutcome.Made, await EnsureAsync(3000));
        Assert.Equal(3000, await postgres.ScalarAsync<long>("select count(*) from large_table"));
    }

    private Task<DemoDataOutcome> EnsureAsync(long rows, List<long>? shown = null)
        => DemoData.EnsureAsync(
            postgres.ConnectionString, rows, shown is null ? null : new SyncProgress(shown.Add), default).Within();

    private sealed class SyncProgress(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}

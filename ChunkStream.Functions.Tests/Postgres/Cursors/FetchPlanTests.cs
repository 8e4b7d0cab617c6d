using ChunkStream.Postgres.Cursors;

namespace ChunkStream.Functions.Tests.Postgres.Cursors;

public sealed class FetchPlanTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(1);

    private readonly FetchPlan _plan = new(fetchBytes: 100_000, fetchesAhead: 16);

    [Fact]
    public void The_first_fetch_asks_for_one_row()
        => Assert.Equal((1, 1), (_plan.RowsPerFetch, _plan.Fetches));

    [Theory]
    [InlineData(100, FetchPlan.MostRows)]
    [InlineData(2000, 50)]
    public void Quick_rows_are_fetched_by_the_limits_of_bytes_and_rows_and_sent_ahead_within_a_few_rounds(
        int width, int rows)
    {
        BecomeFast(_plan, width);

        Assert.Equal((rows, 16), (_plan.RowsPerFetch, _plan.Fetches));
    }

    [Fact]
    public void Rows_that_come_slowly_are_fetched_one_by_one()
    {
        Next(_plan, rows: 1, bytes: 100, AtOnce);
        Assert.True(_plan.RowsPerFetch > 1);

        Next(_plan, rows: 16, bytes: 1600, TimeSpan.FromSeconds(16));

        Assert.Equal((1, 1), (_plan.RowsPerFetch, _plan.Fetches));
    }

    [Fact]
    public void A_fetch_does_not_ask_for_more_rows_than_come_in_fifty_milliseconds()
    {
        Next(_plan, rows: 1, bytes: 100, AtOnce);

        // 1000 rows a second.
        Next(_plan, rows: 1000, bytes: 100_000, TimeSpan.FromSeconds(1));

        Assert.Equal(50, _plan.RowsPerFetch);
    }

    [Fact]
    public void Rows_larger_than_the_byte_limit_are_fetched_one_by_one()
    {
        Next(_plan, rows: 1, bytes: 5_000_000, AtOnce);

        Assert.Equal(1, _plan.RowsPerFetch);
    }

    [Fact]
    public void Rows_of_nothing_but_nulls_do_not_divide_by_zero()
    {
        Next(_plan, rows: 1, bytes: 0, AtOnce);

        Assert.InRange(_plan.RowsPerFetch, 2, FetchPlan.MostRows);
    }

    [Fact]
    public void What_the_last_fetch_brought_counts_however_many_quick_and_narrow_rows_came_before()
    {
        BecomeFast(_plan, width: 10);
        _plan.Next(new Fetched(2048, 20_480 + 10_000_000, AtOnce), latest: new Fetched(128, 10_000_000, AtOnce));
        Assert.Equal(1, _plan.RowsPerFetch);

        BecomeFast(_plan, width: 10);
        _plan.Next(
            new Fetched(1_000_000, 10_000_000, TimeSpan.FromSeconds(2.5)),
            latest: new Fetched(128, 1280, TimeSpan.FromSeconds(2.5)));
        Assert.Equal((2, 1), (_plan.RowsPerFetch, _plan.Fetches));
    }

    [Fact]
    public void With_a_timeout_a_fetch_has_as_many_rows_as_keep_to_it_at_a_tenth_of_a_second_each()
    {
        var plan = new FetchPlan(100_000, 16, timeout: TimeSpan.FromSeconds(1));
        BecomeFast(plan, width: 10);

        Assert.Equal(10, plan.RowsPerFetch);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(100, false)]
    public void Fetches_whose_rows_do_not_fill_the_backends_buffer_are_sent_one_by_one(int width, bool isSent)
    {
        BecomeFast(_plan, width);

        Assert.Equal(isSent, _plan.IsSentAfterEachFetch);
    }

    private static void BecomeFast(FetchPlan plan, int width)
    {
        for (var round = 0; round < 6; round++)
            Next(plan, plan.RowsPerFetch * plan.Fetches, (long)width * plan.RowsPerFetch * plan.Fetches, AtOnce);
    }

    private static void Next(FetchPlan plan, long rows, long bytes, TimeSpan waited)
        => plan.Next(new Fetched(rows, bytes, waited), latest: new Fetched(rows, bytes, waited));
}

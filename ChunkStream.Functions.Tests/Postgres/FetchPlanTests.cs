using ChunkStream.Postgres;

namespace ChunkStream.Functions.Tests.Postgres;

public sealed class FetchPlanTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(1);

    private readonly FetchPlan _plan = new(fetchBytes: 100_000, fetchesAhead: 16);

    [Fact]
    public void The_first_fetch_asks_for_one_row()
        => Assert.Equal((1, 1), (_plan.RowsPerFetch, _plan.Fetches));

    [Fact]
    public void Quick_rows_are_fetched_by_the_byte_limit_and_sent_ahead_within_a_few_rounds()
    {
        for (var round = 0; round < 6; round++)
            _plan.Next(_plan.RowsPerFetch * _plan.Fetches, 100L * _plan.RowsPerFetch * _plan.Fetches, AtOnce);

        Assert.Equal(1000, _plan.RowsPerFetch);
        Assert.Equal(16, _plan.Fetches);
    }

    [Fact]
    public void Rows_that_come_slowly_are_fetched_one_by_one()
    {
        _plan.Next(rows: 1, bytes: 100, AtOnce);
        Assert.True(_plan.RowsPerFetch > 1);

        _plan.Next(rows: 16, bytes: 1600, TimeSpan.FromSeconds(16));

        Assert.Equal((1, 1), (_plan.RowsPerFetch, _plan.Fetches));
    }

    [Fact]
    public void A_fetch_does_not_ask_for_more_rows_than_come_in_fifty_milliseconds()
    {
        _plan.Next(rows: 1, bytes: 100, AtOnce);

        // 1000 rows a second.
        _plan.Next(rows: 1000, bytes: 100_000, TimeSpan.FromSeconds(1));

        Assert.Equal(50, _plan.RowsPerFetch);
    }

    [Fact]
    public void Rows_larger_than_the_byte_limit_are_fetched_one_by_one()
    {
        _plan.Next(rows: 1, bytes: 5_000_000, AtOnce);

        Assert.Equal(1, _plan.RowsPerFetch);
    }

    [Fact]
    public void Rows_of_nothing_but_nulls_do_not_divide_by_zero()
    {
        _plan.Next(rows: 1, bytes: 0, AtOnce);

        Assert.InRange(_plan.RowsPerFetch, 2, 100_000);
    }
}

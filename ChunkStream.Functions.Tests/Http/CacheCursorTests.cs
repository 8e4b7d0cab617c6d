using ChunkStream.Http;

namespace ChunkStream.Functions.Tests.Http;

/// <summary>Cache cursors count intervals of twenty seconds, and never go back for a client.</summary>
public sealed class CacheCursorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_counts_from_the_ninth_of_October_2024()
    {
        Assert.Equal(0, CacheCursor.Current(new DateTimeOffset(2024, 10, 9, 0, 0, 19, TimeSpan.Zero)));
        Assert.Equal(449 * 24 * 60 * 3, CacheCursor.Current(Now));
    }

    [Fact]
    public void A_client_that_is_behind_gets_the_current_one()
        => Assert.Equal(0, CacheCursor.Floor(CacheCursor.Current(Now) - 1, Now));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public void A_client_that_is_not_gets_a_later_one_by_up_to_an_hour(long ahead)
    {
        var seen = CacheCursor.Current(Now) + ahead;
        for (var n = 0; n < 1000; n++)
            Assert.InRange(CacheCursor.Floor(seen, Now), seen + 1, seen + 180);
    }

    [Theory]
    [InlineData("12", 12L)]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("-1", null)]
    [InlineData("1e3", null)]
    [InlineData("9223372036854775807", null)]
    public void What_is_no_cursor_counts_as_none(string? text, long? expected)
        => Assert.Equal(expected, CacheCursor.Parse(text));
}

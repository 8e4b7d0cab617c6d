using ChunkStream.Chat;

namespace ChunkStream.Functions.Tests.Chat;

/// <summary>A chat's bounds have defaults that docs/chat.md names, and are themselves bounded.</summary>
public sealed class ChatStreamOptionsTests
{
    private readonly ChatStreamOptions _options = new();

    [Theory]
    [InlineData(int.MinValue, false)]
    [InlineData(-1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(int.MaxValue, true)]
    public void A_request_may_have_one_byte_or_more(int bytes, bool isAllowed)
    {
        Assert.Equal(16 * 1024 * 1024, _options.MaxRequestBytes);
        SetsOrThrows(isAllowed, bytes, value => _options.MaxRequestBytes = value, () => _options.MaxRequestBytes);
    }

    public static TheoryData<TimeSpan, bool> Durations => new()
    {
        { TimeSpan.MinValue, false },
        { Timeout.InfiniteTimeSpan, false },
        { TimeSpan.Zero, false },
        { new TimeSpan(ticks: 1), true },
        { TimeSpan.FromDays(1), true },
        { TimeSpan.FromDays(1) + new TimeSpan(ticks: 1), false },
        { TimeSpan.MaxValue, false },
    };

    [Theory]
    [MemberData(nameof(Durations))]
    public void An_answer_may_take_more_than_nothing_and_at_most_a_day(TimeSpan duration, bool isAllowed)
    {
        Assert.Equal(TimeSpan.FromMinutes(10), _options.MaxAnswerDuration);
        SetsOrThrows(
            isAllowed, duration, value => _options.MaxAnswerDuration = value, () => _options.MaxAnswerDuration);
    }

    // A value that is refused leaves the one before.
    private static void SetsOrThrows<T>(bool isAllowed, T value, Action<T> set, Func<T> get)
    {
        var before = get();
        if (isAllowed)
            set(value);
        else
            Assert.Throws<ArgumentOutOfRangeException>(() => set(value));
        Assert.Equal(isAllowed ? value : before, get());
    }
}

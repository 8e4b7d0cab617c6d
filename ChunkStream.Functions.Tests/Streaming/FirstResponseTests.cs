using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Streaming;

public sealed class FirstResponseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly CountedTimers _time = new();

    [Fact]
    public async Task The_wait_ends_with_the_first_response()
    {
        var first = new FirstResponse(Limit);
        var waiting = first.WaitAsync(_time, CancellationToken.None);
        Assert.Equal([Limit], _time.Pending);

        first.Begin();
        first.Begin();

        await waiting.Within();
        await first.WaitAsync(_time, CancellationToken.None).Within();
    }

    [Fact]
    public async Task Without_a_request_the_wait_ends_at_its_limit_and_where_none_is_awaited_at_once()
    {
        await new FirstResponse(TimeSpan.FromMilliseconds(10)).WaitAsync(_time, CancellationToken.None).Within();
        await FirstResponse.NotAwaited.WaitAsync(_time, CancellationToken.None).Within();
    }

    [Fact]
    public async Task A_process_that_stops_begins_nothing()
    {
        using var stopping = new CancellationTokenSource();
        var waiting = new FirstResponse(Limit).WaitAsync(_time, stopping.Token);

        await stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());
    }
}

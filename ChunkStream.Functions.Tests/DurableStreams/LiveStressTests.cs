using ChunkStream.DurableStreams.Live;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Readers come and go while others write, on two instances. No reader misses anything, whenever it comes.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveStressTests(RealPostgres postgres) : IAsyncLifetime
{
    // Streams are polled every 10 s in any case, which would hide that a reader was forgotten.
    private static readonly TimeSpan LongBeforeALook = TimeSpan.FromSeconds(6);

    private readonly StoreHost[] _hosts =
        [StoreHost.Start(postgres.ConnectionString), StoreHost.Start(postgres.ConnectionString)];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
    }

    [Theory]
    [InlineData(Json)]
    [InlineData(Plain)]
    public async Task Who_comes_at_any_moment_gets_all_that_follows(string contentType)
    {
        const int Writers = 4;
        const int Readers = 30;
        const int Appends = 150;
        var path = NewPath("stress");
        await _hosts[0].CreateAsync(path, contentType);
        await UntilItListensAsync();

        var reading = Enumerable.Range(0, Readers)
            .Select(number => Task.Run(() => FollowToTheEndAsync(_hosts[number % 2], path, new Random(number))))
            .ToArray();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var n = 0; n < Appends; n++)
            {
                await (contentType == Json
                    ? _hosts[writer % 2].AppendJsonAsync(path, $"\"{writer}-{n}\"", "1")
                    : _hosts[writer % 2].AppendAsync(path, $"{writer}-{n};"));
                if (n % 10 == writer)
                    await Task.Delay(5);
            }
        }));
        await _hosts[0].CloseAsync(path);
        var got = await Task.WhenAll(reading).Within();

        var all = await _hosts[1].ReadAllAsync(path);
        Assert.All(got, text => Assert.Equal(all, text));
    }

    [Fact]
    public async Task What_comes_in_many_pieces_comes_at_once()
    {
        await UntilItListensAsync();
        var path = NewPath();
        var stream = (await _hosts[0].CreateAsync(path)).Stream!;
        for (var n = 0; n < 5; n++)
            await _hosts[0].AppendAsync(path, new string((char)('a' + n), LiveStreams.SegmentBytes - 10));

        // The reader starts before all that was appended.
        using var reader = _hosts[0].Live.Follow(stream, 0);

        for (var n = 0; n < 5; n++)
            Assert.Equal(
                (char)('a' + n), (char)(await reader.NextAsync(default).Within(LongBeforeALook))!.Data.Span[0]);
    }

    [Fact]
    public async Task Who_is_behind_the_head_and_ahead_of_it_are_told_of_the_end()
    {
        await UntilItListensAsync();
        for (var round = 0; round < 20; round++)
        {
            var path = NewPath();
            var old = (await _hosts[0].CreateAsync(path)).Stream!;
            await _hosts[1].AppendAsync(path, "one");
            var (_, later) = await _hosts[1].Store.HeadAsync(path, default).Within();

            using var behind = _hosts[0].Live.Follow(old, 0);
            using var ahead = _hosts[0].Live.Follow(later!, 3);
            var end = ahead.NextAsync(default);
            await _hosts[1].CloseAsync(path);

            Assert.Equal(
                (3, 3, true),
                await end.Within(LongBeforeALook) is { } segment
                    ? (segment.Start, segment.Next, segment.Closed)
                    : default);
            Assert.Equal("one", Text((await behind.NextAsync(default).Within(LongBeforeALook))!.Data));
        }
    }

    private static async Task<string> FollowToTheEndAsync(StoreHost host, string path, Random chance)
    {
        var (text, position) = (new System.Text.StringBuilder(), 0L);
        while (true)
        {
            // Like a request: reads a segment, then follows the stream for a while.
            var read = await host.Store.ReadAsync(
                path, position, chance.Next(4) == 0 ? 200 : 100_000, default).Within();
            var isJson = read.Stream!.IsJson;
            Take(read.Data, read.Next);
            if (read.Next == read.Stream.Tail && read.Stream.Closed)
                return text.ToString();
            if (chance.Next(3) == 0)
                await Task.Delay(chance.Next(5));
            using var reader = host.Live.Follow(read.Stream, position);
            for (var left = chance.Next(20); left >= 0; left--)
            {
                using var leaving = new CancellationTokenSource(
                    chance.Next(5) == 0 ? TimeSpan.FromMilliseconds(chance.Next(20)) : Timeout.InfiniteTimeSpan);
                LiveSegment? segment;
                try
                {
                    segment = await reader.NextAsync(leaving.Token).Within(LongBeforeALook);
                }
                catch (OperationCanceledException)
                {
                    continue;
                }

                Assert.Equal(position, segment!.Start);
                Take(segment.Data, segment.Next);
                if (segment.Closed)
                    return text.ToString();
            }

            void Take(ReadOnlyMemory<byte> data, long next)
            {
                if (isJson && text.Length > 0 && !data.IsEmpty)
                    text.Append(',');
                text.Append(Text(data));
                position = next;
            }
        }
    }

    private async Task UntilItListensAsync()
    {
        foreach (var host in _hosts)
        {
            using var reader = host.Live.Follow((await host.CreateAsync(NewPath())).Stream!, 0);
            await Bounded.Until(() => Task.FromResult(host.Get<ChangeListener>().IsProved), "it listens");
        }
    }
}

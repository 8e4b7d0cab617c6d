using System.Diagnostics;
using System.Globalization;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveStreamsTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    // The application's name tells this host's connections from those of others.
    private readonly StoreHost _other = StoreHost.Start(postgres.ConnectionString + ";Application Name=the other");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Fact]
    public async Task A_reader_gets_what_is_appended_here()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _host.Live.Follow(stream, 0);

        var next = reader.NextAsync(default);
        await _host.AppendAsync(path, "one");
        var segment = await next.Within();

        Assert.Equal((0, 3, true, false), (segment!.Start, segment.Next, segment.UpToDate, segment.Closed));
        Assert.Equal("one", Text(segment.Data));
    }

    [Fact]
    public async Task A_reader_gets_what_is_appended_on_another_instance()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _other.Live.Follow(stream, 0);

        for (var i = 0; i < 5; i++)
        {
            var next = reader.NextAsync(default);
            await _host.AppendAsync(path, "one");
            Assert.Equal("one", Text((await next.Within())!.Data));
        }
    }

    [Fact]
    public async Task A_change_between_the_read_and_the_following_is_not_missed()
    {
        // First nobody has followed the stream, then somebody follows it, then somebody has followed it.
        for (var round = 0; round < 3; round++)
        {
            var (path, stream) = await NewStreamAsync();
            using var another = round == 1 ? _other.Live.Follow(stream, 0) : null;
            if (round == 2)
                await HearingAsync(_other);

            await _host.AppendAsync(path, "one");
            await Task.Delay(100);
            using var reader = _other.Live.Follow(stream, 0);

            // A reader that only polled would get it later.
            Assert.Equal("one", Text((await reader.NextAsync(default).Within(TimeSpan.FromSeconds(5)))!.Data));
        }
    }

    [Fact]
    public async Task A_close_and_a_deletion_end_readers_here_and_there()
    {
        foreach (var host in new[] { _host, _other })
        {
            var (path, stream) = await NewStreamAsync();
            using var reader = host.Live.Follow(stream, 0);
            var closing = reader.NextAsync(default);
            await _host.CloseAsync(path);
            var segment = await closing.Within();
            Assert.Equal((0, 0, true, true), (segment!.Start, segment.Next, segment.UpToDate, segment.Closed));
            Assert.True((await reader.NextAsync(default).Within())!.Closed);

            (path, stream) = await NewStreamAsync();
            using var second = host.Live.Follow(stream, 0);
            var end = second.NextAsync(default);
            await _host.DeleteAsync(path);
            Assert.Null(await end.Within());
            Assert.Null(await second.NextAsync(default).Within());
        }
    }

    [Fact]
    public async Task The_last_append_and_the_close_come_together()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _other.Live.Follow(stream, 0);

        var next = reader.NextAsync(default);
        await _host.AppendAsync(path, "end", close: true);

        var segment = await next.Within();
        Assert.Equal(("end", true), (Text(segment!.Data), segment.Closed));
    }

    [Fact]
    public async Task Whoever_follows_a_closed_or_a_deleted_stream_learns_it_at_once()
    {
        var (path, stream) = await NewStreamAsync("abc");
        await _host.CloseAsync(path);
        var (_, closed) = await _host.Store.HeadAsync(path, default).Within();
        using (var reader = _host.Live.Follow(closed!, 3))
            Assert.True((await reader.NextAsync(default).Within())!.Closed);
        using (var reader = _host.Live.Follow(stream, 0))
        {
            Assert.Equal("abc", Text((await reader.NextAsync(default).Within())!.Data));
            Assert.True((await reader.NextAsync(default).Within())!.Closed);
        }

        await _host.DeleteAsync(path).Within();
        using (var reader = _host.Live.Follow(stream, 3))
            Assert.Null(await reader.NextAsync(default).Within());
    }

    [Fact]
    public async Task Readers_who_wait_share_one_read_and_one_block()
    {
        var (path, stream) = await NewStreamAsync();
        var readers = Enumerable.Range(0, 100).Select(_ => _host.Live.Follow(stream, 0)).ToArray();
        for (var i = 0; i < 10; i++)
        {
            var nexts = readers.Select(reader => reader.NextAsync(default).AsTask()).ToArray();
            await _host.AppendAsync(path, "x");
            var segments = await Task.WhenAll(nexts).Within();

            Assert.All(segments, segment => Assert.Same(segments[0], segment));
            Assert.Equal(i, segments[0]!.Start);
        }

        foreach (var reader in readers)
            reader.Dispose();
    }

    [Fact]
    public async Task A_reader_who_is_a_little_behind_gets_the_same_blocks_and_one_far_behind_loses_nothing()
    {
        var (path, stream) = await NewStreamAsync();
        using var quick = _host.Live.Follow(stream, 0);
        using var slow = _host.Live.Follow(stream, 0);
        var large = new string('x', LiveStreams.HistoryBytes / 10);

        var segments = await TakeAsync(3);
        foreach (var segment in segments)
            Assert.Same(segment, await slow.NextAsync(default).Within());

        segments = await TakeAsync(12);
        for (var position = segments[0].Start; position < segments[^1].Next;)
        {
            var segment = await slow.NextAsync(default).Within();
            Assert.Equal(position, segment!.Start);
            Assert.Equal(segment.Next - segment.Start, segment.Data.Length);
            position = segment.Next;
        }

        // The slow reader has caught up with the quick one.
        var both = new[] { quick.NextAsync(default).AsTask(), slow.NextAsync(default).AsTask() };
        await _host.AppendAsync(path, "y");
        Assert.Same(await both[0].Within(), await both[1].Within());

        async Task<List<LiveSegment>> TakeAsync(int count)
        {
            var taken = new List<LiveSegment>();
            for (var i = 0; i < count; i++)
            {
                var next = quick.NextAsync(default);
                await _host.AppendAsync(path, large);
                taken.Add((await next.Within())!);
            }

            return taken;
        }
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Json)]
    public async Task Readers_may_begin_anywhere(string contentType)
    {
        var path = NewPath("live");
        var stream = (await _host.CreateAsync(path, contentType, ["1", "2", "3"])).Stream!;
        using var early = _other.Live.Follow(stream, 0);
        await _host.AppendAsync(path, "4", contentType: contentType);
        var (_, later) = await _host.Store.HeadAsync(path, default).Within();
        using var ahead = _other.Live.Follow(later!, 4);
        using var between = _other.Live.Follow(stream, 2);
        await _host.AppendAsync(path, "5", contentType: contentType);
        await _host.CloseAsync(path);

        foreach (var (reader, start) in new[] { (early, 0), (ahead, 4), (between, 2) })
        {
            var (position, text) = ((long)start, "");
            while (await reader.NextAsync(default).Within() is { Data.IsEmpty: false } segment)
            {
                Assert.Equal(position, segment.Start);
                position = segment.Next;
                text += Text(segment.Data);
                if (segment.Closed)
                    break;
            }

            Assert.Equal("12345"[start..], text.Replace(",", "", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_wait_can_be_ended_and_begun_again()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _host.Live.Follow(stream, 0);

        for (var i = 0; i < 50; i++)
        {
            using var cancel = new CancellationTokenSource();
            var next = reader.NextAsync(cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.Within());
        }

        await _host.AppendAsync(path, "x");
        Assert.Equal("x", Text((await reader.NextAsync(default).Within())!.Data));
    }

    [Fact]
    public async Task A_wait_that_ends_just_when_something_comes_loses_nothing()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _host.Live.Follow(stream, 0);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 300; i++)
                await _host.AppendAsync(path, "x");
        });

        var random = new Random(5);
        for (var position = 0L; position < 300;)
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.NextDouble() * 3));
            try
            {
                var segment = await reader.NextAsync(cancel.Token).Within();
                Assert.Equal(position, segment!.Start);
                position = segment.Next;
            }
            catch (OperationCanceledException)
            {
            }
        }

        await writing.Within();
    }

    [Fact]
    public async Task More_readers_than_may_are_refused_until_one_leaves()
    {
        await using var host = StoreHost.Start(postgres.ConnectionString, ("ChunkStream:Streams:MaxReaders", "2"));
        var (_, stream) = await NewStreamAsync();
        var first = host.Live.Follow(stream, 0);
        using var second = host.Live.Follow(stream, 0);

        var refusal = Assert.Throws<ProblemException>(() => host.Live.Follow(stream, 0));
        first.Dispose();
        first.Dispose();
        using var third = host.Live.Follow(stream, 0);

        Assert.Equal(503, refusal.Problem.Status);
        Assert.NotNull(refusal.Problem.RetryAfterSeconds);
        Assert.Throws<ProblemException>(() => host.Live.Follow(stream, 0));
    }

    [Fact]
    public async Task Waiting_readers_hold_no_connection_of_the_pool()
    {
        await using var host = StoreHost.Start(postgres.ConnectionString, ("ChunkStream:Streams:Connections", "2"));
        var streams = new List<(string Path, DurableStream Stream)>();
        for (var i = 0; i < 20; i++)
            streams.Add(await NewStreamAsync());
        var readers = streams.Select(stream => host.Live.Follow(stream.Stream, 0)).ToArray();

        var nexts = readers.Select(reader => reader.NextAsync(default).AsTask()).ToArray();
        foreach (var (path, _) in streams)
            await host.AppendAsync(path, "x");

        Assert.All(await Task.WhenAll(nexts).Within(), segment => Assert.Equal("x", Text(segment!.Data)));
        foreach (var reader in readers)
            reader.Dispose();
    }

    [Fact]
    public async Task After_the_listening_connection_is_cut_nothing_is_lost_and_it_is_quick_again()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _other.Live.Follow(stream, 0);
        await HearingAsync(_other);

        var cutting = Task.Run(async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                await Task.Delay(150);
                await Bounded.Until(async () => await CutListenerAsync() == 1, "it listens again, and is cut");
            }
        });
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await _host.AppendAsync(path, i.ToString("D3", CultureInfo.InvariantCulture));
                await Task.Delay(3);
            }
        });

        var read = "";
        while (read.Length < 600)
        {
            var segment = await reader.NextAsync(default).Within();
            Assert.Equal(read.Length, segment!.Start);
            read += Text(segment.Data);
        }

        await writing.Within();
        await cutting.Within();
        Assert.Equal(
            string.Concat(Enumerable.Range(0, 200).Select(i => i.ToString("D3", CultureInfo.InvariantCulture))), read);
        Assert.Contains(_other.Log.Entries, entry => entry.Event.Name == "StreamChangesNotHeard");

        await HearingAsync(_other);
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 21; i++)
        {
            var next = reader.NextAsync(default);
            await _host.AppendAsync(path, "x");
            var start = Stopwatch.GetTimestamp();
            await next.Within();
            waits.Add(Stopwatch.GetElapsedTime(start));
        }

        // A reader that only polled would wait for at least half a second each time.
        Assert.InRange(waits.Order().ElementAt(10), TimeSpan.Zero, TimeSpan.FromSeconds(0.4));
    }

    [Fact]
    public async Task Without_a_listening_connection_readers_look_by_themselves()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _other.Live.Follow(stream, 0);
        await HearingAsync(_other);

        // Nobody is told of this change, as if the process died before it could tell.
        var next = reader.NextAsync(default).AsTask();
        await AppendSilentlyAsync(path);
        await CutListenerAsync();
        Assert.Equal("quiet", Text((await next.Within())!.Data));

        next = reader.NextAsync(default).AsTask();
        await HearingAsync(_other);
        await AppendSilentlyAsync(path);
        Assert.Equal("quiet", Text((await next.Within())!.Data));
    }

    [Fact]
    public async Task A_stream_with_readers_does_not_expire_and_without_it_does()
    {
        var path = NewPath("live");
        var stream = (await _host.CreateAsync(path, ttl: 6)).Stream!;
        using (var reader = _host.Live.Follow(stream, 0))
        {
            // Longer than it lives, which is a second longer than it says. It is looked at every two seconds, so that a
            // machine which stands still for a moment is no reason that it expires.
            await Task.Delay(TimeSpan.FromSeconds(9));
            Assert.Equal(Presence.Present, (await _host.Store.HeadAsync(path, default).Within()).Presence);
        }

        await Bounded.Until(
            async () => (await _host.Store.HeadAsync(path, default).Within()).Presence is Presence.Missing,
            "it has expired");
    }

    [Fact]
    public async Task A_stream_that_expires_ends_its_readers()
    {
        var stream = (await _host.CreateAsync(NewPath("live"), expires: DateTimeOffset.FromUnixTimeMilliseconds(
            await postgres.ScalarAsync<long>("select (extract(epoch from now()) * 1000)::bigint + 1500")))).Stream!;
        using var reader = _host.Live.Follow(stream, 0);

        Assert.Null(await reader.NextAsync(default).Within());
    }

    [Fact]
    public async Task Nothing_is_logged_where_nothing_is_wrong()
    {
        var (path, stream) = await NewStreamAsync();
        var reader = _host.Live.Follow(stream, 0);
        await HearingAsync(_host);
        await _host.AppendAsync(path, "x");
        await reader.NextAsync(default).Within();
        var waiting = reader.NextAsync(default).AsTask();
        reader.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());
        await _host.DisposeAsync();

        Assert.DoesNotContain(_host.Log.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    private async Task<(string Path, DurableStream Stream)> NewStreamAsync(params string[] content)
    {
        var path = NewPath("live");
        var created = await _host.CreateAsync(path, content: content);
        return (path, created.Stream!);
    }

    private static Task HearingAsync(StoreHost host)
        => Bounded.Until(() => Task.FromResult(host.Get<ChangeListener>().IsProved), "it hears of changes");

    private Task<long> CutListenerAsync() => postgres.ScalarAsync<long>(
        "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity "
        + "where application_name = 'the other' and lower(query) = 'listen chunkstream'");

    private Task AppendSilentlyAsync(string path) => postgres.ExecuteAsync(
        $"select * from chunkstream.stream_append('{path}', '{{text/plain}}', '{{1}}', array['quiet'::bytea], "
        + "'{false}', 1000000, null, null, null, null)");
}

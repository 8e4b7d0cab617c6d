using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

[Collection(RealPostgres.StreamsAndClients)]
public sealed class ForkTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task A_fork_has_its_sources_data_and_then_its_own()
    {
        var source = await NewAsync("abc");
        var fork = NewPath("fork");

        var created = await _host.CreateAsync(fork, null, ["XY"], fork: new ForkPoint(source, 1, 1));
        await _host.AppendAsync(source, "def");
        await _host.AppendAsync(fork, "Z");

        Assert.Equal(
            (CreateStatus.Created, 4, "text/plain"),
            (created.Status, created.Stream!.Tail, created.Stream.ContentType));
        Assert.Equal("abXYZ", await _host.ReadAllAsync(fork));
        Assert.Equal("bX", Text((await _host.ReadAsync(fork, 1, 3)).Data)[..2]);
        Assert.Equal("abcdef", await _host.ReadAllAsync(source));
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Json)]
    public async Task Forks_of_forks_are_read_through_all_of_them(string contentType)
    {
        // Some fork inside their source's own content, others inside what their source inherited.
        var random = new Random(3);
        var contents = new List<string[]> { Items("a", 5) };
        var paths = new List<string> { NewPath("fork") };
        await _host.CreateAsync(paths[0], contentType, contents[0]);
        for (var depth = 1; depth < 12; depth++)
        {
            var at = random.Next(contents[^1].Length + 1);
            var own = Items(((char)('a' + depth)).ToString(), random.Next(4));
            paths.Add(NewPath("fork"));
            var units = contentType == Json ? at : contents[^1].Take(at).Sum(item => item.Length);
            await _host.CreateAsync(paths[^1], contentType, fork: new ForkPoint(paths[^2], units, 0));
            foreach (var item in own)
                await _host.AppendAsync(paths[^1], item, contentType: contentType);
            contents.Add([.. contents[^1].Take(at), .. own]);
        }

        for (var i = 0; i < paths.Count; i++)
        {
            var whole = string.Join(contentType == Json ? "," : "", contents[i]);
            foreach (var segmentBytes in new[] { 1, 5, 13, 10_000 })
                Assert.Equal(whole, await _host.ReadAllAsync(paths[i], segmentBytes));
        }

        static string[] Items(string name, int count)
            => [.. Enumerable.Range(0, count).Select(number => $"\"{name}{number}\"")];
    }

    [Fact]
    public async Task A_fork_of_JSON_counts_the_bytes_that_it_has_inherited()
    {
        await using var host = StoreHost.Start(
            postgres.ConnectionString, ("ChunkStream:Streams:MaxStreamBytes", "1024"));
        var (source, first, second) = (NewPath(), NewPath(), NewPath());
        await host.CreateAsync(source, Json, [new string('1', 500), new string('2', 500)]);
        await host.CreateAsync(first, null, fork: new ForkPoint(source, 1, 0));
        await host.CreateAsync(second, null, fork: new ForkPoint(first, 1, 0));

        Assert.Equal(AppendStatus.StreamFull, (await host.AppendJsonAsync(second, new string('3', 523))).Status);
        Assert.Equal(AppendStatus.Appended, (await host.AppendJsonAsync(second, new string('3', 522))).Status);
        Assert.Equal(AppendStatus.Appended, (await host.AppendJsonAsync(source, "1")).Status);
    }

    [Fact]
    public async Task Where_it_can_not_branch_off_it_says_why()
    {
        var source = await NewAsync("abc");

        Assert.Equal(CreateStatus.SourceMissing, await ForkAsync(NewPath(), null));
        Assert.Equal(CreateStatus.ForkPointBeyondTail, await ForkAsync(source, 4));
        Assert.Equal(CreateStatus.ForkPointBeyondTail, await ForkAsync(source, 2, 2));
        Assert.Equal(CreateStatus.ForkPointBeyondTail, await ForkAsync(source, null, 1));
        Assert.Equal(CreateStatus.SourceDiffers, await ForkAsync(source, 1, contentType: "text/html"));
        Assert.Equal(CreateStatus.Created, await ForkAsync(source, 2, 1));
        Assert.Equal(CreateStatus.Created, await ForkAsync(source, 3, contentType: "TEXT/plain; x=y"));

        await _host.DeleteAsync(source).Within();
        Assert.Equal(CreateStatus.SourceGone, await ForkAsync(source, 1));
    }

    [Fact]
    public async Task A_fork_of_a_closed_stream_is_open()
    {
        var source = await NewAsync("abc");
        await _host.CloseAsync(source);
        var fork = NewPath();

        await _host.CreateAsync(fork, null, fork: new ForkPoint(source, null, 0));

        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(fork, "d")).Status);
        Assert.Equal("abcd", await _host.ReadAllAsync(fork));
    }

    [Fact]
    public async Task Creating_a_fork_again_succeeds_where_it_branches_off_at_the_same_point()
    {
        var source = await NewAsync("abc");
        var other = await NewAsync("abc");
        var fork = NewPath();
        await _host.CreateAsync(fork, null, fork: new ForkPoint(source, 2, 1));
        await _host.AppendAsync(source, "d");
        await _host.AppendAsync(fork, "e");

        Assert.Equal(
            CreateStatus.Exists, (await _host.CreateAsync(fork, null, fork: new ForkPoint(source, 2, 1))).Status);
        Assert.Equal(
            CreateStatus.Exists, (await _host.CreateAsync(fork, null, fork: new ForkPoint(source, null, 0))).Status);
        Assert.Equal(
            CreateStatus.Differs, (await _host.CreateAsync(fork, null, fork: new ForkPoint(source, 2, 0))).Status);
        Assert.Equal(
            CreateStatus.Differs, (await _host.CreateAsync(fork, null, fork: new ForkPoint(other, 2, 1))).Status);
        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(fork)).Status);
        Assert.Equal(
            CreateStatus.Exists,
            (await _host.CreateAsync(fork, "text/plain", fork: new ForkPoint(source, 2, 1))).Status);
    }

    [Fact]
    public async Task A_fork_lives_as_long_as_it_says_or_else_as_its_source()
    {
        var later = DateTimeOffset.UnixEpoch.AddYears(200);
        var (ttl, expires) = (NewPath(), NewPath());
        await _host.CreateAsync(ttl, ttl: 1_000);
        await _host.CreateAsync(expires, expires: later);

        Assert.Equal((1_000, null), await LifetimeAsync(ttl));
        Assert.Equal((5_000, null), await LifetimeAsync(ttl, ttl: 5_000));
        Assert.Equal((null, later), await LifetimeAsync(ttl, expires: later));
        Assert.Equal((null, later), await LifetimeAsync(expires));
        Assert.Equal((5, null), await LifetimeAsync(expires, ttl: 5));

        async Task<(long?, DateTimeOffset?)> LifetimeAsync(
            string source, long? ttl = null, DateTimeOffset? expires = null)
        {
            var path = NewPath();
            await _host.CreateAsync(path, null, ttl: ttl, expires: expires, fork: new ForkPoint(source, null, 0));

            // The same request matches the stream, even if it names no lifetime.
            var again = await _host.CreateAsync(
                path, null, ttl: ttl, expires: expires, fork: new ForkPoint(source, null, 0));
            Assert.Equal(CreateStatus.Exists, again.Status);
            return (again.Stream!.TtlSeconds, again.Stream.ExpiresAt);
        }
    }

    [Fact]
    public async Task A_deleted_source_is_gone_but_its_forks_have_its_data()
    {
        var source = await NewAsync("abc");
        var fork = NewPath();
        await _host.CreateAsync(fork, null, fork: new ForkPoint(source, null, 0));

        Assert.Equal(Presence.Present, await _host.DeleteAsync(source).Within());
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();

        Assert.Equal(Presence.Gone, (await _host.ReadAsync(source)).Presence);
        Assert.Equal(Presence.Gone, (await _host.Store.HeadAsync(source, default).Within()).Presence);
        Assert.Equal(Presence.Gone, await _host.DeleteAsync(source).Within());
        Assert.Equal(AppendStatus.Gone, (await _host.AppendAsync(source, "x")).Status);
        Assert.Equal(CreateStatus.PathGone, (await _host.CreateAsync(source)).Status);
        Assert.Equal("abc", await _host.ReadAllAsync(fork));
    }

    [Fact]
    public async Task With_the_last_fork_all_that_was_kept_for_it_goes()
    {
        var paths = new[] { await NewAsync("a"), NewPath(), NewPath(), NewPath() };
        var ids = new List<long> { (await _host.ReadAsync(paths[0])).Stream!.Id };
        for (var i = 1; i < paths.Length; i++)
        {
            // The last two are both forks of the second stream.
            var created = await _host.CreateAsync(
                paths[i], null, [i.ToString()], fork: new ForkPoint(paths[Math.Min(i - 1, 1)], null, 0));
            ids.Add(created.Stream!.Id);
        }

        await _host.DeleteAsync(paths[0]).Within();
        await _host.DeleteAsync(paths[1]).Within();
        await _host.DeleteAsync(paths[2]).Within();
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();
        Assert.Equal("a13", await _host.ReadAllAsync(paths[3]));
        Assert.Equal(
            [Presence.Gone, Presence.Gone, Presence.Missing, Presence.Present],
            await Task.WhenAll(paths.Select(async path => (await _host.ReadAsync(path)).Presence)));

        await _host.DeleteAsync(paths[3]).Within();
        foreach (var path in paths)
            Assert.Equal(Presence.Missing, (await _host.ReadAsync(path)).Presence);
        await _host.Get<DurableStreamSweep>().RunAsync(default).Within();
        Assert.Equal(0, await postgres.ScalarAsync<long>(
            $"select (select count(*) from chunkstream.streams where id = any (array[{string.Join(',', ids)}]))"
            + $" + (select count(*) from chunkstream.chunks where stream_id = any (array[{string.Join(',', ids)}]))"));
        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(paths[0])).Status);
    }

    [Fact]
    public async Task A_source_that_forks_are_made_of_while_it_is_deleted_keeps_their_data()
    {
        for (var round = 0; round < 20; round++)
        {
            var source = await NewAsync("abc");
            var forks = Enumerable.Range(0, 3).Select(_ => NewPath()).ToArray();

            var creating = forks
                .Select(fork => Task.Run(
                    () => _host.CreateAsync(fork, null, ["d"], fork: new ForkPoint(source, null, 0))))
                .ToArray();
            var deleting = Task.Run(() => _host.DeleteAsync(source));
            await Task.WhenAll(creating);
            await deleting;
            await _host.Get<DurableStreamSweep>().RunAsync(default).Within();

            for (var i = 0; i < forks.Length; i++)
            {
                var status = (await creating[i]).Status;
                Assert.True(
                    status is CreateStatus.Created or CreateStatus.SourceMissing or CreateStatus.SourceGone,
                    status.ToString());
                if (status is CreateStatus.Created)
                    Assert.Equal("abcd", await _host.ReadAllAsync(forks[i]));
            }
        }
    }

    private async Task<string> NewAsync(string content)
    {
        var path = NewPath("source");
        await _host.CreateAsync(path, content: [content]);
        return path;
    }

    private async Task<CreateStatus> ForkAsync(string source, long? position, long sub = 0, string? contentType = null)
        => (await _host.CreateAsync(NewPath("fork"), contentType, fork: new ForkPoint(source, position, sub))).Status;
}

using ChunkStream.Durable;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;
using static ChunkStream.Functions.Tests.Durable.StoreHost;

namespace ChunkStream.Functions.Tests.Durable;

[Collection(RealPostgres.Collection)]
public sealed class LiveStreamsTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);
    private readonly StoreHost _other = StoreHost.Start(postgres.ConnectionString);

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
        var block = await next.Within();

        Assert.Equal((0, 3, true, false), (block!.Start, block.Next, block.UpToDate, block.Closed));
        Assert.Equal("one", Text(block.Data));
    }

    [Fact]
    public async Task A_reader_gets_what_is_appended_on_another_instance()
    {
        var (path, stream) = await NewStreamAsync();
        using var reader = _other.Live.Follow(stream, 0);

        var next = reader.NextAsync(default);
        await _host.AppendAsync(path, "one");

        Assert.Equal("one", Text((await next.Within())!.Data));
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
            var block = await closing.Within();
            Assert.Equal((0, 0, true, true), (block!.Start, block.Next, block.UpToDate, block.Closed));
            Assert.True((await reader.NextAsync(default).Within())!.Closed);

            (path, stream) = await NewStreamAsync();
            using var second = host.Live.Follow(stream, 0);
            var end = second.NextAsync(default);
            await _host.Store.DeleteAsync(path, default);
            Assert.Null(await end.Within());
        }
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

    private async Task<(string Path, StreamInfo Stream)> NewStreamAsync(params string[] content)
    {
        var path = NewPath("live");
        var created = await _host.CreateAsync(path, content: content);
        return (path, created.Stream!);
    }
}

using ChunkStream.Durable;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.Durable.StoreHost;

namespace ChunkStream.Functions.Tests.Durable;

[Collection(RealPostgres.Collection)]
public sealed class DurableStoreTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task What_is_appended_is_read()
    {
        var path = NewPath();
        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(path, content: ["Hello"])).Status);

        var appended = await _host.AppendAsync(path, ", world");
        var piece = await _host.ReadAsync(path);

        Assert.Equal(new AppendResult(AppendStatus.Appended, 12, false, null, null), appended);
        Assert.Equal("Hello, world", Text(piece.Data));
        Assert.Equal((0, 12), (piece.Start, piece.Next));
        Assert.Equal((StreamPresence.Present, 12, false, false), (piece.Presence, piece.Stream!.Tail, piece.Stream.Closed, piece.Stream.IsJson));
        Assert.Equal("text/plain", piece.Stream.ContentType);
    }

    [Fact]
    public async Task Messages_of_JSON_are_counted_and_separated()
    {
        var path = NewPath();
        await _host.CreateAsync(path, Json, ["1", "[2]"]);

        var appended = await _host.AppendJsonAsync(path, "{\"a\":3}", "4");
        var piece = await _host.ReadAsync(path, from: 1);

        Assert.Equal(4, appended.Tail);
        Assert.Equal("[2],{\"a\":3},4", Text(piece.Data));
        Assert.Equal((1, 4), (piece.Start, piece.Next));
    }

    [Fact]
    public async Task A_deleted_stream_is_missing_and_its_path_is_free()
    {
        var path = NewPath();
        await _host.CreateAsync(path, content: ["old"]);

        Assert.Equal(StreamPresence.Present, await _host.Store.DeleteAsync(path, default).Within());
        Assert.Equal(StreamPresence.Missing, await _host.Store.DeleteAsync(path, default).Within());
        Assert.Equal(StreamPresence.Missing, (await _host.ReadAsync(path)).Presence);
        Assert.Equal(StreamPresence.Missing, (await _host.Store.HeadAsync(path, default).Within()).Presence);
        Assert.Equal(AppendStatus.Missing, (await _host.AppendAsync(path, "x")).Status);
        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(path, content: ["new"])).Status);
        Assert.Equal("new", await _host.ReadAllAsync(path));
    }
}

using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>What docs/clients.md says of live queries can be copied and run.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveSnippetTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly QueryFiles _files = new QueryFiles().With(
        "issues",
        "-- key: id\n-- live\n-- param: team int\nselect id, title from snippet_issues where team = @team");

    private LocalApi _api = null!;

    /// <summary>The snippets that are run here.</summary>
    public static IReadOnlyList<string> Names { get; } = ["live.mjs"];

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists snippet_issues;
            create table snippet_issues (id int primary key, title text, team int);
            insert into snippet_issues values (1, 'first', 1), (2, 'second', 1), (3, 'third', 2);
            """);
        _api = await LocalApi.StartAsync(postgres.ConnectionString, settings: _files.Setting);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table snippet_issues");
    }

    [Fact]
    public async Task A_collection_has_the_rows_and_tells_each_change()
    {
        using var folder = new NodeFolder();
        folder.Write(
            "live.mjs", Snippet.Named("live.mjs").Code.Replace(Snippet.Server, _api.Origin, StringComparison.Ordinal));
        await using var node = RunningProgram.Start("node", ["live.mjs"], folder.Path);
        Assert.Equal("1 first", await node.ReadLineAsync());
        Assert.Equal("2 second", await node.ReadLineAsync());

        await postgres.ExecuteAsync("update snippet_issues set title = 'other' where id = 2");
        Assert.Equal("upsert 2 other", await node.ReadLineAsync());
        await postgres.ExecuteAsync("update snippet_issues set team = 2 where id = 1");
        Assert.Equal("delete 1 first", await node.ReadLineAsync());
    }
}

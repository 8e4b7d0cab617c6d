using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>What docs/clients.md says can be copied and run.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class SnippetTests(RealPostgres postgres)
{
    private const string Series = "select n, sqrt(n) as root from generate_series(1, 1000) as n";

    // Large enough that there is something to cut, and to rejoin after.
    private static readonly (string, string)[] SmallFlushes =
        [
            ("ChunkStream:QueriesPath", Path.Combine(Repository.Root, "queries")),
            ("ChunkStream:Streaming:FlushBytes", "1000"),
            ("ChunkStream:ResumeKey", "a key for tests that nobody guesses")
        ];

    private static readonly Dictionary<string, string> Versions =
        new() { ["axios"] = "1.21.1", ["eventsource"] = "4.1.1" };

    [Theory]
    [Snippet("chunkstream-client.mjs")]
    [Snippet("fetch.mjs")]
    [Snippet("axios-node.mjs")]
    [Snippet("axios-browser.mjs")]
    [Snippet("eventsource.mjs")]
    [Snippet("curl.sh")]
    [Snippet("read_rows.py")]
    [Snippet("csv.sh")]
    public async Task It_gives_every_row_and_says_that_it_is_complete(string name)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: SmallFlushes);

        var (exitCode, lines, errors) = await RunAsync(name, api.Client.BaseAddress!);

        Assert.True(exitCode == 0, errors);
        Assert.Equal("", errors);
        Assert.Equal(await ExpectedAsync(name), lines[..^1]);
        Assert.Equal(name == "chunkstream-client.mjs" ? "complete: 1000 rows" : "complete", lines[^1]);
    }

    [Theory]
    [Snippet("fetch.mjs")]
    [Snippet("axios-node.mjs")]
    [Snippet("axios-browser.mjs")]
    [Snippet("curl.sh")]
    [Snippet("read_rows.py")]
    [Snippet("csv.sh")]
    public async Task Over_a_connection_that_is_cut_it_does_not_say_that_it_is_complete(string name)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: SmallFlushes);
        await using var proxy = new CuttingProxy(api.Client.BaseAddress!) { CutAfter = 5000 };

        var (exitCode, lines, errors) = await RunAsync(name, proxy.Address);

        if (Path.GetExtension(name) is ".sh")
            Assert.EndsWith("not complete: exit code 18", lines[^1], StringComparison.Ordinal);
        else
            Assert.NotEqual(0, exitCode);
        if (Path.GetExtension(name) is ".py")
            Assert.Equal("not complete: the connection was cut", errors.Trim());
        Assert.DoesNotContain("complete", lines);
        Assert.InRange(lines.Length, 0, 999);
    }

    [Theory]
    [Snippet("chunkstream-client.mjs")]
    [Snippet("eventsource.mjs")]
    public async Task Over_connections_that_are_cut_it_rejoins_and_gives_every_row_once(string name)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: SmallFlushes);
        await using var proxy = new CuttingProxy(api.Client.BaseAddress!)
        {
            CutAfter = name == "eventsource.mjs" ? 30_000 : 9000,
            CutDelay = TimeSpan.FromSeconds(0.3),
        };

        var (_, lines, errors) = await RunAsync(name, proxy.Address);

        Assert.Equal("", errors);
        Assert.Equal(await ExpectedAsync(name), lines[..^1]);
        Assert.StartsWith("complete", lines[^1], StringComparison.Ordinal);
        await Bounded.Until(
            () => Task.FromResult(api.Log.Entries.Count(entry => entry.Event.Name == "StreamEnded") > 1),
            "it was cut");
    }

    [Theory]
    [Snippet("chunkstream-client.mjs")]
    [Snippet("fetch.mjs")]
    [Snippet("axios-node.mjs")]
    [Snippet("axios-browser.mjs")]
    [Snippet("eventsource.mjs")]
    [Snippet("curl.sh")]
    [Snippet("read_rows.py")]
    [Snippet("csv.sh")]
    public async Task A_refusal_is_told_as_one(string name)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: SmallFlushes);

        var (_, lines, errors) = await RunAsync(
            name, api.Client.BaseAddress!, code => code.Replace("count=1000", "count=many", StringComparison.Ordinal));

        var said = string.Join('\n', lines) + errors;
        if (Path.GetExtension(name) is ".sh")
            Assert.EndsWith("not complete: exit code 22", lines[^1], StringComparison.Ordinal);
        if (name is "eventsource.mjs")
            Assert.Equal("not complete", errors.Trim());
        else if (name is not "csv.sh")
            Assert.Contains("'count' must be of type integer", said, StringComparison.Ordinal);
        Assert.DoesNotContain("complete", lines);
    }

    [Fact]
    public void Each_marked_block_is_run_and_each_block_of_code_is_marked()
    {
        var run = typeof(SnippetTests).GetMethod(nameof(It_gives_every_row_and_says_that_it_is_complete))!
            .GetCustomAttributes(inherit: false).OfType<SnippetAttribute>().Select(snippet => snippet.Name);
        Assert.Equal(
            Snippet.All.Select(snippet => snippet.Name).Order(),
            [.. run.Concat(LiveSnippetTests.Names).Concat(FrameworkTests.Names).Order()]);

        // The link of the CSV download is HTML, and runs nowhere. The two blocks about types are tried by TypesTests.
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "clients.md"));
        Assert.Equal(Snippet.All.Count + 3, page.Split("```").Length / 2);
        Assert.Equal(
            ["axios-browser.mjs", "eventsource.mjs"],
            Snippet.All.Where(snippet => snippet.IsForPages).Select(snippet => snippet.Name));
    }

    private async Task<IEnumerable<string>> ExpectedAsync(string name) => name switch
    {
        "curl.sh" => await postgres.OracleAsync(Series),
        "csv.sh" => ["n,root", .. await postgres.ColumnAsync($"select n || ',' || root from ({Series}) s")],
        _ => await postgres.ColumnAsync($"select n || ' ' || root from ({Series}) s"),
    };

    private static async Task<(int ExitCode, string[] Lines, string Errors)> RunAsync(
        string name, Uri server, Func<string, string>? change = null)
    {
        var snippet = Snippet.Named(name);
        using var folder = Versions.TryGetValue(snippet.Needs, out var version)
            ? await NodeFolder.WithAsync(snippet.Needs, version)
            : new NodeFolder();
        var code = snippet.Code.Replace(
            Snippet.Server, server.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);
        if (name == "eventsource.mjs")
            code = code.Replace("// In Node only: ", "", StringComparison.Ordinal);
        folder.Write(name, change?.Invoke(code) ?? code);

        var program = Path.GetExtension(name) switch
        {
            ".mjs" => "node",
            ".sh" => "sh",
            _ => SnippetAttribute.Python ?? "python3",
        };
        await using var running = RunningProgram.Start(program, [name], folder.Path);
        var (exitCode, output, errors) = await running.EndAsync();

        // The download prints no row: they are in its file, which is there only if it is whole.
        var lines = output.TrimEnd('\n').Split('\n');
        var saved = Path.Combine(folder.Path, "series.csv");
        if (name == "csv.sh")
            Assert.Equal(lines[^1] == "complete", File.Exists(saved));
        return (
            exitCode,
            name == "csv.sh" && File.Exists(saved) ? [.. (await File.ReadAllLinesAsync(saved)), .. lines] : lines,
            errors);
    }
}

using System.Text.RegularExpressions;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>The client in what bundlers make of it, and streams behind the development server of one.</summary>
public sealed partial class BundlerTests
{
    private const string Program =
        """
        import { stream } from 'chunkstream-client';
        const read = [];
        for await (const row of stream(process.argv[2])) read.push(row);
        console.log(read.join());
        """;

    [Fact]
    public async Task The_client_works_in_a_bundle_of_esbuild()
    {
        using var folder = await NodeFolder.WithAsync("esbuild", "0.28.2");
        folder.Write("program.js", Program);

        await RunAsync(
            folder, Path.Combine("node_modules", "esbuild", "bin", "esbuild"), "program.js", "--bundle", "--minify",
            "--format=esm", "--outfile=bundle.mjs");

        await ReadsAsync(folder, "bundle.mjs");
    }

    [Fact]
    public async Task The_client_works_in_a_bundle_of_Vite_and_a_stream_behind_its_server_ends_as_it_does_before_it()
    {
        using var folder = await NodeFolder.WithAsync("vite", "8.3.8");
        folder.Write("program.js", Program);
        var vite = Path.Combine("node_modules", "vite", "bin", "vite.js");
        var build = folder.Write("build.mjs",
            "export default { build: { lib: { entry: 'program.js', formats: ['es'], fileName: 'bundle' }, "
            + "rollupOptions: { output: { entryFileNames: 'bundle.mjs' } } } };");
        await RunAsync(folder, vite, "build", "--config", build);
        await ReadsAsync(folder, Path.Combine("dist", "bundle.mjs"));

        await using var api = await LocalApi.StartAsync();
        await using var server = await ServeAsync(api, folder, vite);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
        {
            BaseAddress = server.Address,
            Timeout = Bounded.Limit,
        };
        var source = new ScriptedSource().Yield("one");
        using (var response = await GetAsync(api.Serve(StreamFormats.Text, source.Open)))
        {
            var body = await response.Content.ReadAsStreamAsync().Within();
            Assert.Equal("one\n", await body.ReadSomeAsync());
            source.Yield("two");
            Assert.Equal("two\n", await body.ReadSomeAsync());
        }

        // The client has left.
        await source.Released.Within();

        using var failing = await GetAsync(api.Serve(StreamFormats.Ndjson, FaultySource.FailsAt(100)));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => failing.Content.ReadAsStringAsync().Within());

        Task<HttpResponseMessage> GetAsync(string path)
            => client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    // With the configuration of docs/proxies.md, for another path and another server.
    private static async Task<DevelopmentServer> ServeAsync(LocalApi api, NodeFolder folder, string vite)
    {
        var documented = ViteSnippet().Match(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "proxies.md")));
        Assert.True(documented.Success);
        var configuration = folder.Write(
            "serve.mjs",
            documented.Groups["code"].Value
                .Replace("'/api'", "'/served'", StringComparison.Ordinal)
                .Replace("http://localhost:7071", api.Origin, StringComparison.Ordinal));
        folder.Write("index.html", "<p>A page</p>");
        var address = new Uri($"http://127.0.0.1:{ServerPort.Take()}");
        var program = RunningProgram.Start(
            "node",
            [vite, "--config", configuration, "--host", address.Host, "--port", $"{address.Port}", "--strictPort"],
            folder.Path);
        while (!(await program.ReadLineAsync(WebProgram.StartLimit)).Contains("Local", StringComparison.Ordinal))
        {
            // It says something else first. On a CI server it colours the word.
        }

        return new DevelopmentServer(program, address);
    }

    private static async Task ReadsAsync(NodeFolder folder, string bundle)
    {
        await using var api = await LocalApi.StartAsync();
        var path = api.Serve(StreamFormats.Frames, new ScriptedSource().Yield("one", "two").End().Open);
        await using var program = RunningProgram.Start("node", [bundle, api.Origin + path], folder.Path);
        Assert.Equal(["one,two"], await program.LinesAsync());
    }

    private static async Task RunAsync(NodeFolder folder, params string[] arguments)
    {
        await using var program = RunningProgram.Start("node", arguments, folder.Path);
        await program.LinesAsync();
    }

    [GeneratedRegex(@"```js\n// vite\.config\.js\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ViteSnippet();

    private sealed record DevelopmentServer(RunningProgram Program, Uri Address) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Program.DisposeAsync();
    }
}

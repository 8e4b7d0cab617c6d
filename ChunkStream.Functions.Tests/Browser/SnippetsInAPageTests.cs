using ChunkStream.Functions.Tests.Clients;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The snippets of docs/clients.md that are for pages, in a page of another origin.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class SnippetsInAPageTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    [ChromiumFact]
    public Task Axios_with_its_fetch_adapter() => RunsAsync("axios-browser.mjs");

    [ChromiumFact]
    public Task EventSource() => RunsAsync("eventsource.mjs");

    private async Task RunsAsync(string name)
    {
        await using var elsewhere = await LocalApi.StartAsync();
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, functionKey: null,
            ("ChunkStream:QueriesPath", Path.Combine(Repository.Root, "queries")),
            ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"),
            ("ChunkStream:LocalHost:CorsOrigins", elsewhere.Origin));
        using var axios = await NodeFolder.WithAsync("axios", "1.21.1");
        var page = await chromium.NewPageAsync();
        var said = new List<string>();
        page.PageError += (_, error) => said.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "log")
                said.Add(message.Text);
        };

        await page.RouteAsync(elsewhere.Origin + "/axios.js", route => route.FulfillAsync(new()
        {
            Path = Path.Combine(axios.Path, "node_modules", "axios", "dist", "esm", "axios.js"),
            ContentType = "text/javascript",
        }));
        // A document that the server itself gave: Chromium lets a made-up one reach nothing on this machine.
        await page.GotoAsync(elsewhere.Origin + "/api/health");
        await page.AddScriptTagAsync(new() { Type = "importmap", Content = """{"imports":{"axios":"/axios.js"}}""" });
        await page.AddScriptTagAsync(new()
        {
            Type = "module",
            Content = Snippet.Named(name).Code.Replace(Snippet.Server, api.Origin, StringComparison.Ordinal),
        });
        try
        {
            await Bounded.Until(
                () => Task.FromResult(said.Contains("complete")), "the snippet says that it is complete");
        }
        catch (Xunit.Sdk.TrueException)
        {
            Assert.Fail($"It said {said.Count} lines, at last: {string.Join(" | ", said.TakeLast(3))}");
        }

        Assert.Equal(
            Enumerable.Range(1, 1000).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            said[..^1].Select(line => line.Split(' ')[0]));
    }
}

using System.Net;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>
/// What a browser does with content that somebody else wrote, and what pages of others can make it do.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class StreamContentTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Script =
        "globalThis.wasRun = true; globalThis.document?.documentElement.setAttribute('data-run', 'yes'); "
        + "globalThis.postMessage?.('was run');";

    [ChromiumFact]
    public async Task Content_of_a_stream_is_run_neither_by_our_page_nor_as_a_document()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:PublicReading", "true"));
        var script = $"/api/public/streams/{await api.CreateAsync("text/javascript", Script)}";
        var style = $"/api/public/streams/{await api.CreateAsync("text/css", "html { --was-run: 'yes' }")}";
        var html =
            $"/api/public/streams/{await api.CreateAsync("text/html", $"<h1>Hello</h1><script>{Script}</script>")}";

        var page = await chromium.NewPageAsync();
        await page.GotoAsync(api.Origin + "/api/ui/");
        foreach (var use in new[]
        {
            "new Promise((ended) => { const it = document.createElement('script'); it.src = url; "
            + "it.onload = () => ended('loaded'); it.onerror = () => ended('refused'); document.head.append(it); })",
            "import(url).then(() => 'loaded', () => 'refused')",
            "new Promise((ended) => { try { const it = new Worker(url); it.onmessage = () => ended('loaded'); "
            + "it.onerror = () => ended('refused'); } catch { ended('refused'); } })",
            "navigator.serviceWorker ? "
            + "navigator.serviceWorker.register(url).then(() => 'loaded', () => 'refused') : 'refused'",
        })
        {
            Assert.Equal("refused", await page.EvaluateAsync<string>($"(url) => {use}", script).Within());
        }

        const string Styled =
            """
            (url) => new Promise((ended) => {
              const it = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: url });
              it.onload = () => ended('loaded');
              it.onerror = () => ended('refused');
              document.head.append(it);
            })
            """;
        Assert.Equal("refused", await page.EvaluateAsync<string>(Styled, style).Within());
        Assert.False(await page.EvaluateAsync<bool>("() => globalThis.wasRun === true"));

        // It is still there to be read, and to be looked at.
        Assert.Equal(
            Script,
            await page.EvaluateAsync<string>(
                "(url) => fetch(url).then((response) => response.text())", script).Within());
        await page.GotoAsync(api.Origin + html);
        Assert.Equal("Hello", await page.Locator("h1").InnerTextAsync());
        Assert.Null(await page.Locator("html").GetAttributeAsync("data-run"));
    }

    [ChromiumFact]
    public async Task A_page_of_another_site_appends_nothing_and_records_nothing_and_our_own_page_may()
    {
        await using var elsewhere = await LocalApi.StartAsync();
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync("text/plain", "first;");
        var name = $"cross-site-{Guid.NewGuid():n}";
        var page = await chromium.NewPageAsync();

        // Any document of that origin will do: localhost is another site than 127.0.0.1.
        await page.GotoAsync(
            elsewhere.Origin.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/api/health");
        const string Forged =
            "{ method: 'POST', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: 'forged;' }";
        const string Image = "const it = new Image(); it.onload = it.onerror = ended; it.src = record;";
        const string Attack =
            $$"""
            async ([append, record]) => {
              await fetch(append, {{Forged}}).catch(() => {});
              await new Promise((ended) => { {{Image}} });
              return 'done';
            }
            """;
        string[] urls = [$"{api.Origin}/api/streams/{path}", $"{api.Origin}/api/lines?count=1&record={name}"];
        await page.EvaluateAsync<string>(Attack, urls).Within();
        Assert.Equal("first;", await api.TextAsync(path));
        using (var recorded = await api.ReadAsync($"recordings/lines/{name}"))
            Assert.Equal(HttpStatusCode.NotFound, recorded.StatusCode);

        await page.GotoAsync(api.Origin + "/api/health");
        await page.EvaluateAsync<string>(Attack, urls).Within();
        Assert.Equal("first;forged;", await api.TextAsync(path));
        using (var recorded = await api.ReadAsync($"recordings/lines/{name}"))
            Assert.Equal(HttpStatusCode.OK, recorded.StatusCode);
    }
}

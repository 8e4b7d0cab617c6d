using ChunkStream.Functions.Tests.Browser;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>
/// <c>chunkstream-client</c> with the frameworks that it has entries for, as npm has them: React and TanStack Query in
/// Chromium, TanStack DB in Node; and what docs/clients.md says of them.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class FrameworkTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    private readonly QueryFiles _files = new QueryFiles()
        .With(
            "issues",
            "-- key: id\n-- live\n-- param: team int\nselect id, title from framework_issues where team = @team")
        .With("numbers", "-- param: count int\n-- key: n\nselect n from generate_series(1, @count) n")
        .With(
            "series",
            "-- access: anonymous\n-- param: count int\n-- key: n\n"
            + "select n, sqrt(n) as root from generate_series(1, @count) n");

    private LocalApi _api = null!;

    /// <summary>The snippets that are run here.</summary>
    public static IReadOnlyList<string> Names { get; } = ["issues.jsx", "streamed-query.mjs", "tanstack-db.mjs"];

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists framework_issues;
            create table framework_issues (id int primary key, title text, team int);
            insert into framework_issues values (1, 'first', 1), (2, 'second', 1), (3, 'third', 2);
            """);
        _api = await LocalApi.StartAsync(postgres.ConnectionString, settings: _files.Setting);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table framework_issues");
    }

    [ChromiumFact]
    public async Task React_renders_what_the_hooks_say_over_one_connection_each()
    {
        var bundle = await FrameworkBundle.CreateAsync(
            "react-page.mjs", "browser",
            FrameworkBundle.Snippet("issues.jsx", _api.Origin),
            FrameworkBundle.Snippet("streamed-query.mjs", _api.Origin));
        var page = await chromium.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) =>
        {
            // The browser tells of each response that is no success, too.
            if (message.Type is "error" or "warning" && !message.Text.Contains("404", StringComparison.Ordinal))
                errors.Add(message.Text);
        };
        await page.GotoAsync(_api.Origin + "/api/health");
        await page.AddScriptTagAsync(new PageAddScriptTagOptions { Content = bundle, Type = "module" });

        await page.WaitForFunctionAsync(
            "seen.isReady && seen.others === 1 && seen.refusedState === 'failed' && seen.wrong");
        Assert.Equal(
            "1 first,2 second true false streaming first 1 0 idle true 404 failed false TypeError",
            await page.EvaluateAsync<string>("Object.values(seen).join(' ')"));
        Assert.Contains("<ul></ul>", await page.EvaluateAsync<string>("rendered"), StringComparison.Ordinal);
        Assert.Equal(0, await page.EvaluateAsync<int>("requestsOfServer"));
        Assert.Equal(2, await page.EvaluateAsync<int>("requests.length"));

        // What changes, and what is changed together, is rendered; many renders make no request.
        await postgres.ExecuteAsync("update framework_issues set team = 3 - team");
        await page.WaitForFunctionAsync("seen.issues.join() === '3 third' && seen.others === 2");
        Assert.Equal(2, await page.EvaluateAsync<int>("requests.length"));

        // Another address is another connection, and the first one ends.
        await page.EvaluateAsync("set.team(2); set.count(100_000)");
        await page.WaitForFunctionAsync(
            "seen.issues.join() === '1 first,2 second' && seen.numbersState === 'ended' && seen.numbers === 100_000");
        Assert.True(await page.EvaluateAsync<bool>("seen.isWhole"));
        Assert.Equal(4, await page.EvaluateAsync<int>("requests.length"));
        Assert.InRange(await page.EvaluateAsync<int>("renders"), 5, 200);
        await page.EvaluateAsync("restart()");
        await page.WaitForFunctionAsync("requests.length === 5 && seen.refusedState === 'failed'");

        // The recipes of the page.
        await page.EvaluateAsync("renderRecipes()");
        await page.WaitForFunctionAsync(
            "series.isDone && series.length === 1000 && document.querySelectorAll('li').length === 2");
        await postgres.ExecuteAsync("insert into framework_issues values (7, 'new', 2)");
        await page.WaitForFunctionAsync("[...document.querySelectorAll('li')].at(-1).textContent === 'new'");

        // Whoever goes leaves no stream behind: those of one team, of the other, and of the recipe.
        await page.EvaluateAsync("leave()");
        await Bounded.Until(
            () => Task.FromResult(_api.Log.Entries.Count(entry
                => entry.Event.Name == "StreamEnded" && entry.Message.Contains("issues", StringComparison.Ordinal))
                    == 3),
            "the streams of the components have ended");
        Assert.Equal(1000, await page.EvaluateAsync<int>("series.last"));
        Assert.Empty(errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_collection_of_TanStack_DB_follows_the_query_and_keeps_optimistic_rows_until_the_real_ones_come()
    {
        _api.Serve("insert", request =>
        {
            var id = int.Parse(request.Query["id"].ToString(), System.Globalization.CultureInfo.InvariantCulture);
            return new Written(postgres.ExecuteAsync($"insert into framework_issues values ({id}, 'theirs', 1)"));
        });
        var snippet = FrameworkBundle.Snippet("tanstack-db.mjs", _api.Origin);
        var bundle = await FrameworkBundle.CreateAsync(
            "tanstack-db-use.mjs", "node",
            (snippet.Name, snippet.Code.Replace(
                "fetch('/your/own/endpoint', { method: 'POST', body: JSON.stringify(issue) })",
                $"fetch(`{_api.Origin}/served/insert?id=${{issue.id}}`)", StringComparison.Ordinal)));
        using var folder = new NodeFolder();
        folder.Write("bundle.mjs", bundle);
        await using var node = RunningProgram.Start("node", ["bundle.mjs"], folder.Path, ("API", _api.Origin));
        Assert.Equal("""["2 second"]""", await node.ReadLineAsync());

        await postgres.ExecuteAsync("update framework_issues set team = 1, title = 'moved' where id = 3");
        Assert.Equal("""["2 second","3 moved"]""", await node.ReadLineAsync());
        await postgres.ExecuteAsync(
            "delete from framework_issues where id = 2; update framework_issues set title = 'again' where id = 3");
        Assert.Equal("""["3 again"]""", await node.ReadLineAsync());
        await postgres.ExecuteAsync(
            "truncate framework_issues; insert into framework_issues values (2, 'anew', 1), (3, 'again', 1)");
        Assert.Equal("""["2 anew","3 again"]""", await node.ReadLineAsync());

        await node.GoOnAsync("insert");
        Assert.Equal("""["2 anew","3 again","9 mine"]""", await node.ReadLineAsync());
        Assert.Equal("""["2 anew","3 again","9 theirs"]""", await node.ReadLineAsync());
        Assert.Equal("persisted theirs", await node.ReadLineAsync());
        await node.GoOnAsync();
        Assert.Equal(
            [
                "anew streaming", "404", "error 404", "closed", "error 3 403", "No key. error No key.",
                "CollectionOperationError error", "AbortError error",
            ],
            await node.LinesAsync());
    }

    [ChromiumFact]
    public async Task A_collection_of_TanStack_DB_has_the_rows_that_another_tab_reads()
    {
        var bundle = await FrameworkBundle.CreateAsync("tanstack-db-page.mjs", "browser");
        var first = await chromium.NewPageAsync();
        var second = await first.Context.NewPageAsync();
        foreach (var page in new[] { first, second })
        {
            await page.GotoAsync(_api.Origin + "/api/health");
            await page.AddScriptTagAsync(new PageAddScriptTagOptions { Content = bundle, Type = "module" });
            await page.WaitForFunctionAsync("window.titles?.() === '1 first,2 second'");
        }

        await postgres.ExecuteAsync("update framework_issues set team = 3 - team");
        await second.WaitForFunctionAsync("window.titles?.() === '3 third'");
        Assert.Equal(0, await second.EvaluateAsync<int>("requests.length"));
        await first.Context.CloseAsync();
    }

    [Fact]
    public Task Their_types_fit_those_of_the_frameworks()
        => FrameworkBundle.CheckTypesAsync("react-types.mts", "tanstack-db-types.mts");

    private sealed class Written(Task writing) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => writing;
    }
}

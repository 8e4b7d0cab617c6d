using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>Pages of another origin, and EventSource.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class OtherOriginTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Key = "a-key-of-some-length";
    private const string Cors = "ChunkStream:LocalHost:CorsOrigins";

    private const string TwoHeaders =
        "${response.headers.get('ChunkStream-Estimated-Rows')} ${response.headers.get('Retry-After')}";

    [ChromiumFact]
    public async Task A_page_of_a_listed_origin_reads_rows_refusals_and_the_exposed_headers()
    {
        using var queries = new QueryFiles().With("some", "-- key: id\nselect id from some_rows");
        await postgres.ExecuteAsync(
            "drop table if exists some_rows; create table some_rows as select n as id from generate_series(1, 1000) n; "
            + "alter table some_rows add primary key (id); analyze some_rows");
        await using var elsewhere = await LocalApi.StartAsync();
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, Key, queries.Setting, (Cors, $"https://app.example.org,{elsewhere.Origin}"));
        var page = await PageAtAsync(elsewhere);

        Assert.Equal("200 1000 null 1000", await FetchAsync(page, api, "queries/some", Key));
        Assert.StartsWith(
            "401 null null", await FetchAsync(page, api, "queries/some", "wrong"), StringComparison.Ordinal);
        Assert.StartsWith("404 null null", await FetchAsync(page, api, "nothing", Key), StringComparison.Ordinal);
        Assert.StartsWith(
            "400 null null", await FetchAsync(page, api, "queries/some?limit=0", Key), StringComparison.Ordinal);
    }

    [ChromiumFact]
    public async Task A_page_of_a_listed_origin_can_read_when_to_try_again()
    {
        await using var elsewhere = await LocalApi.StartAsync();
        using var queries = new QueryFiles().With("some", "select 1 as id");
        await using var api = await LocalApi.StartAsync(settings: [queries.Setting, (Cors, elsewhere.Origin)]);

        Assert.StartsWith(
            "503 null 5",
            await FetchAsync(await PageAtAsync(elsewhere), api, "queries/some", Key),
            StringComparison.Ordinal);
    }

    [ChromiumFact]
    public async Task A_page_of_any_other_origin_reads_nothing()
    {
        await using var elsewhere = await LocalApi.StartAsync();
        await using var closed = await LocalApi.StartAsync();
        await using var forOthers = await LocalApi.StartAsync(settings: (Cors, "https://app.example.org"));
        var page = await PageAtAsync(elsewhere);

        foreach (var api in new[] { closed, forOthers })
            Assert.Equal("TypeError", await FetchAsync(page, api, "lines?count=1", Key));
    }

    [ChromiumFact]
    public async Task EventSource_gets_each_row_once_and_stops_after_the_end_here_and_from_elsewhere()
    {
        await using var elsewhere = await LocalApi.StartAsync();
        await using var api = await LocalApi.StartAsync(settings: (Cors, elsewhere.Origin));
        const string IsClosed = "source.readyState === EventSource.CLOSED";
        foreach (var origin in new[] { api, elsewhere })
        {
            var page = await PageAtAsync(origin);
            var seen = await page.EvaluateAsync<string>(
                $$"""
                (url) => new Promise((resolve) => {
                  const source = new EventSource(url);
                  const messages = [];
                  let opened = 0;
                  source.onopen = () => opened++;
                  source.onmessage = ({ data }) => messages.push(JSON.parse(data).number);
                  source.onerror = () => {{IsClosed}} && resolve(`${messages} opened ${opened}`);
                })
                """,
                $"{api.Origin}/api/messages?count=3&intervalMs=10").WaitAsync(Bounded.Limit);

            Assert.Equal("0,1,2 opened 1", seen);
        }
    }

    [ChromiumFact]
    public async Task The_client_brings_a_users_token_to_another_origin_and_not_along_with_a_redirect()
    {
        using var queries = new QueryFiles()
            .With("mine", "-- access: user\n-- key: id\nselect id from generate_series(1, 3) id");
        await using var issuer = await TokenIssuer.StartAsync();
        await using var elsewhere = await LocalApi.StartAsync();
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: [queries.Setting, (Cors, elsewhere.Origin), .. issuer.Settings]);
        var tokens = new[] { issuer.Token(claims: claims => claims["exp"] = TokenIssuer.In(-60)), issuer.Token() };
        elsewhere.Serve("away", _ => Results.Redirect($"{api.Origin}/served/here"));
        var brought = new List<string>();
        api.Serve("here", request =>
        {
            brought.Add(request.Headers.Authorization.ToString());
            return Results.NotFound();
        });
        var page = await PageAtAsync(elsewhere);

        var seen = await page.EvaluateAsync<string>(
            """
            async ([mine, away, ...tokens]) => {
              const { stream } = await import('/api/ui/client/index.js');
              const asked = [];
              const getToken = ({ refresh }) => {
                asked.push(refresh);
                return tokens[refresh ? 1 : 0];
              };
              const ids = [];
              for await (const { id } of stream(mine, { getToken })) ids.push(id);
              const refusal = await stream(away, { getToken: () => tokens[1] }).schema.catch(({ status }) => status);
              return `${ids} ${asked} ${refusal}`;
            }
            """,
            (string[])[$"{api.Origin}/api/public/queries/mine", "/served/away", .. tokens]);

        Assert.Equal("1,2,3 false,true 404", seen);
        Assert.Equal([""], brought);
    }

    [ChromiumFact]
    public async Task Clients_of_other_protocols_follow_a_live_query_and_read_why_they_are_refused()
    {
        await postgres.ExecuteAsync(
            "drop table if exists shaped; create table shaped (id int primary key); insert into shaped values (1)");
        const string Live = "-- key: id\n-- live\nselect id from shaped";
        using var queries = new QueryFiles()
            .With("kept", Live).With("mine", $"-- access: user\n{Live}").With("open", $"-- access: anonymous\n{Live}");
        await using var issuer = await TokenIssuer.StartAsync();
        await using var elsewhere = await LocalApi.StartAsync();
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, Key, [queries.Setting, (Cors, elsewhere.Origin), .. issuer.Settings]);
        var page = await PageAtAsync(elsewhere);
        var blocked = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("CORS", StringComparison.Ordinal))
                blocked.Add(message.Text);
        };
        await page.AddScriptTagAsync(new PageAddScriptTagOptions { Content = await ElectricAsync() });

        // By long-poll and by events, with a function key and with a user's token.
        await page.EvaluateAsync(
            """
            async ([api, key, token]) => {
              window.seen = {};
              const { ShapeStream, Shape } = electric;
              const { stream } = await import('/api/ui/lib/durable-streams-client.index.js');
              const bearer = `Bearer ${token}`;
              const ids = (rows) => [...rows].map(({ id }) => id).sort().join();

              const plain = { warnOnHttp: false };

              const shape = (path, headers, more) =>
                new ShapeStream({ url: `${api}/${path}`, headers, ...plain, ...more });
              const keep = (name, ...given) =>
                new Shape(shape(...given)).subscribe(({ rows }) => (seen[name] = ids(rows)));
              keep('poll', 'shapes/kept', { 'x-functions-key': key });
              keep('events', 'public/shapes/mine', { Authorization: async () => bearer }, { liveSse: true });
              const refuse = (name, ...given) => shape(...given).subscribe(
                () => {}, ({ status, message }) => (seen[name] = `${status} ${message}`));
              refuse('stranger', 'shapes/kept', { 'x-functions-key': 'wrong' });
              refuse('mistaken', 'public/shapes/mine', { Authorization: bearer }, { params: { where: 'id > 1' } });

              const states = async (name, path, headers, live) => {
                const rows = new Map();
                const response = await stream({ url: `${api}/${path}`, offset: '-1', live, headers, ...plain });
                response.closed.catch(({ status }) => (seen[name] = `ended ${status ?? 'by a break'}`));
                response.subscribeJson(({ items }) => {
                  for (const { key, value } of items) value ? rows.set(key, value) : rows.delete(key);
                  seen[name] = ids(rows.values());
                });
              };
              await states('statePoll', 'states/kept', { 'x-functions-key': key }, 'long-poll');
              await states('stateEvents', 'public/states/mine', { Authorization: bearer }, 'sse');
            }
            """,
            new[] { $"{api.Origin}/api", Key, issuer.Token() }).Within();
        await SeesAsync("1; 1; 1; 1");

        await postgres.ExecuteAsync("insert into shaped values (2); delete from shaped where id = 1");
        await SeesAsync("2; 2; 2; 2");

        // Nobody knows what was truncated: Electric's client begins anew, and the other one is told so.
        await postgres.ExecuteAsync("truncate shaped; insert into shaped values (3)");
        await SeesAsync("3; 3; ended 410; ended by a break");
        Assert.Matches("^401 .*needs a function key", await SeenAsync("stranger"));
        Assert.Matches("^400 .*'where' must be left out", await SeenAsync("mistaken"));

        // What a page of the server's own origin was given, a cache must not give to one of another.
        const string Start = "async (url) => (await fetch(url)).headers.get('electric-handle')";
        var cached = $"{api.Origin}/api/public/shapes/open?offset=-1";
        var own = await page.Context.NewPageAsync();
        await own.GotoAsync(api.Origin + "/api/health");
        Assert.NotNull(await own.EvaluateAsync<string?>(Start, cached));
        Assert.NotNull(await page.EvaluateAsync<string?>(Start, cached));
        Assert.Empty(blocked);
        await page.Context.CloseAsync();
        await postgres.ExecuteAsync("drop table shaped");

        // Read and compared here, so that a failure says what was seen.
        async Task SeesAsync(string expected)
        {
            var seen = "";
            try
            {
                await Bounded.Until(
                    async () => expected == (seen = await page.EvaluateAsync<string>(
                        "[seen.poll, seen.events, seen.statePoll, seen.stateEvents].join('; ')")),
                    "all have the rows");
            }
            catch (Xunit.Sdk.XunitException)
            {
                Assert.Equal(expected, seen);
            }
        }

        async Task<string> SeenAsync(string name)
        {
            await page.WaitForFunctionAsync("(name) => seen[name]", name);
            return await page.EvaluateAsync<string>("(name) => seen[name]", name);
        }
    }

    // Electric's client as npm has it, in one file.
    private static async Task<string> ElectricAsync()
    {
        var clients = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "Postgres", "Shapes", "Clients");
        using var folder = await NodeFolder.WithAsync("esbuild", "0.28.2");
        folder.Write("electric.js", "export * from '@electric-sql/client';");
        await using var bundler = RunningProgram.Start(
            "node",
            [
                Path.Combine("node_modules", "esbuild", "bin", "esbuild"), "electric.js", "--bundle", "--format=iife",
                "--global-name=electric", "--log-level=warning", "--outfile=bundle.js",
            ],
            folder.Path,
            ("NODE_PATH", Path.Combine(clients, "node_modules")));
        await bundler.LinesAsync();
        return await File.ReadAllTextAsync(Path.Combine(folder.Path, "bundle.js"));
    }

    // Any document of that origin will do; this one has no policy of its own.
    private async Task<IPage> PageAtAsync(LocalApi api)
    {
        var page = await chromium.NewPageAsync();
        await page.GotoAsync(api.Origin + "/api/health");
        return page;
    }

    /// <summary>The status, the two headers and the number of lines, or the name of the error.</summary>
    private static Task<string> FetchAsync(IPage page, LocalApi api, string route, string key) =>
        page.EvaluateAsync<string>(
        $$"""
        async ([url, key]) => {
          try {
            const response = await fetch(url, { headers: { 'x-functions-key': key } });
            const lines = (await response.text()).split('\n').length - 1;
            return `${response.status} {{TwoHeaders}} ${lines}`;
          } catch (error) {
            return error.name;
          }
        }
        """,
        new[] { $"{api.Origin}/api/{route}", key });
}

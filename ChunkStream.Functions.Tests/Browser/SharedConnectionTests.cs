using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>
/// Tabs of one browser that follow a live query over one connection. Over HTTP/1.1 a browser opens six to an origin, so
/// that the seventh tab would see nothing.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class SharedConnectionTests(RealPostgres postgres, Chromium chromium)
    : IClassFixture<Chromium>, IAsyncLifetime
{
    private const int Tabs = 20;

    // Twenty tabs at once take a while on a busy machine of two cores.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // Counts the requests of a tab, and checks that the rows are those of one moment: each insert takes a row away.
    private const string Follow =
        """
        async ([user]) => {
          const { collection } = await import('/api/ui/client/index.js');
          window.requests = [];
          window.faults = [];
          const counting = (url, init) => {
            requests.push(String(url));
            return fetch(url, init);
          };
          const options = { share: true, fetch: counting, backoffMs: 50, headers: { 'x-user': user } };
          window.shared = collection('/api/queries/shared', options);
          shared.subscribe(() => shared.isReady && shared.size !== 10 && faults.push(shared.size));
          await shared.ready;
        }
        """;

    private readonly QueryFiles _files = new QueryFiles()
        .With("shared", "-- key: id\n-- live\nselect id, note from shared_rows");

    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists shared_rows;
            create table shared_rows (id int primary key, note text);
            insert into shared_rows select n, 'first' from generate_series(1, 10) n;
            """);
        // A frame in a sandbox is of an origin that has no name.
        _api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: [_files.Setting, ("ChunkStream:LocalHost:CorsOrigins", "*")]);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table shared_rows");
    }

    [ChromiumFact]
    public async Task Twenty_tabs_see_each_change_over_one_connection_which_another_tab_takes_over()
    {
        var first = await chromium.NewPageAsync();
        var tabs = new List<IPage> { first };
        while (tabs.Count < Tabs)
            tabs.Add(await first.Context.NewPageAsync());
        await Task.WhenAll(tabs.Select(OpenAsync)).Within(Limit);
        Assert.Equal(1, (await RequestsAsync(tabs)).Sum(requests => requests.Length));

        await WriteAsync(11);
        await Task.WhenAll(tabs.Select(tab => HasAsync(tab, 11))).Within(Limit);

        // The tab with the connection is closed, and the next goes on from where it was.
        await CloseLeaderAsync(tabs);
        await WriteAsync(12);
        await Task.WhenAll(tabs.Select(tab => HasAsync(tab, 12))).Within(Limit);
        var request = Assert.Single((await RequestsAsync(tabs)).SelectMany(requests => requests));
        Assert.Contains("resume=", request, StringComparison.Ordinal);

        // Who comes later has all rows from the others; another user's tab has its own connection.
        var late = await first.Context.NewPageAsync();
        await OpenAsync(late);
        Assert.Equal(0, await late.EvaluateAsync<int>("requests.length"));
        Assert.True(await late.EvaluateAsync<bool>("shared.has(12) && shared.size === 10"));
        var other = await first.Context.NewPageAsync();
        await OpenAsync(other, "another");
        Assert.Equal(1, await other.EvaluateAsync<int>("requests.length"));

        // A tab that stands still keeps its lock, so it is taken from it by one that somebody looks at.
        tabs.Add(late);
        var leader = await LeaderAsync(tabs);
        tabs.Remove(leader);
        var opened = new TaskCompletionSource<IDialog>(TaskCreationOptions.RunContinuationsAsynchronously);
        leader.Dialog += (_, dialog) => opened.TrySetResult(dialog);
        await leader.EvaluateAsync("() => { setTimeout(() => alert('Wait.')); }");
        var dialog = await opened.Task.Within();
        await WriteAsync(13);
        await Task.WhenAll(tabs.Select(tab => HasAsync(tab, 13))).Within(Limit);

        // When it goes on, it is one of those who listen.
        await dialog.AcceptAsync();
        tabs.Add(leader);
        await WriteAsync(14);
        await Task.WhenAll(tabs.Select(tab => HasAsync(tab, 14))).Within(Limit);
        foreach (var tab in tabs)
            Assert.Equal("", await tab.EvaluateAsync<string>("faults.join()"));
        await first.Context.CloseAsync();
    }

    [ChromiumFact]
    public async Task A_frame_to_which_the_browser_denies_locks_has_its_own_connection()
    {
        var page = await chromium.NewPageAsync();
        await page.GotoAsync(_api.Origin + "/api/health");
        var seen = await page.EvaluateAsync<string>(
            """
            (origin) => new Promise((resolve) => {
              addEventListener('message', ({ data }) => resolve(data));
              const frame = document.createElement('iframe');
              frame.sandbox = 'allow-scripts';
              frame.srcdoc = `<script type="module">
                import { collection } from '${origin}/api/ui/client/index.js';
                const say = (text) => parent.postMessage(text, '*');
                if (!navigator.locks) say('It has no locks to be denied.');
                const rows = collection('${origin}/api/queries/shared', { share: true });
                rows.ready.then(() => say('rows: ' + rows.size), (error) => say(String(error)));
              </script>`;
              document.body.append(frame);
            })
            """,
            _api.Origin).Within();

        Assert.Equal("rows: 10", seen);

        // One that is closed before it begins asks nobody for a token.
        var asked = await page.EvaluateAsync<string>(
            """
            async () => {
              const { collection } = await import('/api/ui/client/index.js');
              let asked = 0;
              const getToken = () => `token ${asked++}`;
              const rows = collection('/api/queries/shared', { share: true, signal: AbortSignal.abort(), getToken });
              const { name } = await rows.ready.catch((error) => error);
              return `${name} ${asked}`;
            }
            """);
        Assert.Equal("AbortError 0", asked);
        await page.Context.CloseAsync();
    }

    private async Task OpenAsync(IPage page) => await OpenAsync(page, "one");

    private async Task OpenAsync(IPage page, string user)
    {
        await page.GotoAsync(_api.Origin + "/api/health");
        await page.EvaluateAsync(Follow, new[] { user }).Within(Limit);
    }

    private Task WriteAsync(int id) => postgres.ExecuteAsync(
        $"delete from shared_rows where id = {id - 10}; insert into shared_rows values ({id}, 'new')");

    private static Task<IJSHandle> HasAsync(IPage page, int id) => page.WaitForFunctionAsync($"shared.has({id})");

    private static async Task<string[][]> RequestsAsync(IEnumerable<IPage> tabs)
        => await Task.WhenAll(tabs.Select(tab => tab.EvaluateAsync<string[]>("requests")));

    private static async Task<IPage> LeaderAsync(List<IPage> tabs)
    {
        var requests = await RequestsAsync(tabs);
        return tabs[Array.FindIndex(requests, made => made.Length > 0)];
    }

    private static async Task CloseLeaderAsync(List<IPage> tabs)
    {
        var leader = await LeaderAsync(tabs);
        tabs.Remove(leader);
        await leader.CloseAsync();
    }
}

using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>A live query in the page: its rows appear, change and vanish in the table.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveQueryPageTests(RealPostgres postgres, Chromium chromium)
    : IClassFixture<Chromium>, IAsyncLifetime
{
    private const string Query =
        "-- summary: Seats\n-- param: least integer = 0\n-- key: id\n-- live\n"
        + "select id, owner, price from page_seats where price >= @least";

    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists page_seats;
            create table page_seats (id int primary key, owner text not null, price int not null);
            insert into page_seats select n, 'owner ' || n, 10 * n from generate_series(1, 5) n;
            """);
        _api = await LocalApi.ServingAsync(postgres.ConnectionString, new QueryFiles().With("seats", Query));
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await postgres.ExecuteAsync("drop table page_seats");
    }

    [ChromiumFact]
    public async Task Rows_appear_change_and_vanish_together_and_a_refetch_begins_anew()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await ui.StartAsync("seats", ("least", "20"));
        await ui.UntilAsync("Up to date");
        await RowsAreAsync(ui, "2 owner 2 20", "3 owner 3 30", "4 owner 4 40", "5 owner 5 50");
        Assert.EndsWith("#queries/seats?least=20&live=sse", ui.Page.Url, StringComparison.Ordinal);
        await Assertions.Expect(ui.Page.Locator("#parameter-limit")).ToBeHiddenAsync();
        Assert.Equal(0, await ui.Page.Locator("#live-table .appeared").CountAsync());

        // Each state that a person could have seen.
        await ui.Page.EvaluateAsync(
            """
            () => {
              const cells = (row) => [...row.querySelectorAll('.ag-cell')].map((cell) => cell.textContent).join(' ');
              const state = () => [...document.querySelectorAll('#live-table .ag-row')].map(cells).sort().join(', ');
              window.states = new Set([state()]);
              new MutationObserver(() => window.states.add(state())).observe(
                document.getElementById('live-table'), { subtree: true, childList: true, characterData: true });
            }
            """);
        await postgres.ExecuteAsync(
            """
            begin;
            insert into page_seats values (7, 'owner 7', 70);
            update page_seats set price = 45, owner = 'another' where id = 4;
            delete from page_seats where id = 2;
            update page_seats set price = 5 where id = 3;
            update page_seats set price = 20 where id = 1;
            commit;
            """);
        await RowsAreAsync(ui, "1 owner 1 20", "4 another 45", "5 owner 5 50", "7 owner 7 70");
        await Assertions.Expect(ui.Page.Locator("#live-table .appeared")).ToHaveCountAsync(2);
        await Assertions.Expect(ui.Page.Locator("#last-step")).ToHaveTextAsync("2 new, 1 changed, 2 gone");
        await Assertions.Expect(ui.Page.Locator("#changes")).ToHaveTextAsync("5");
        Assert.Equal(
            [
                "2 owner 2 20, 3 owner 3 30, 4 owner 4 40, 5 owner 5 50",
                "1 owner 1 20, 4 another 45, 5 owner 5 50, 7 owner 7 70",
            ],
            await ui.Page.EvaluateAsync<string[]>("[...window.states]"));

        // What happens while the connection is gone is not missed.
        await ui.ClickAsync("Cut the connection");
        await postgres.ExecuteAsync("update page_seats set owner = 'a third' where id = 4");
        await RowsAreAsync(ui, "1 owner 1 20", "4 a third 45", "5 owner 5 50", "7 owner 7 70");
        await ui.UntilAsync("Up to date");
        await Assertions.Expect(ui.Page.Locator("#rejoins")).ToHaveTextAsync("1");

        // The log does not say what a TRUNCATE takes away: the rows are read anew.
        await ui.Page.EvaluateAsync(
            """
            async () => {
              const { LiveStore } = await import(new URL('live/live-store.js', document.baseURI));
              const take = LiveStore.prototype.take;
              window.taken = [];
              LiveStore.prototype.take = function (change) {
                window.taken.push(change.type);
                return take.call(this, change);
              };
            }
            """);
        await postgres.ExecuteAsync("truncate page_seats; insert into page_seats values (9, 'the last', 90)");
        await RowsAreAsync(ui, "9 the last 90");
        await ui.UntilAsync("Up to date");
        Assert.Contains("must-refetch", await ui.Page.EvaluateAsync<string[]>("window.taken"));

        await ui.ClickAsync("Stop");
        await ui.UntilAsync("Stopped");
    }

    [ChromiumFact]
    public async Task Where_reduced_motion_is_asked_nothing_is_highlighted_and_without_live_the_rows_end()
    {
        await using var ui = await UiPage.OpenAsync(
            chromium,
            _api,
            new() { ReducedMotion = ReducedMotion.Reduce, ViewportSize = new() { Width = 320, Height = 740 } });
        await ui.Page.EvaluateAsync(await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "ui", "node_modules", "axe-core", "axe.min.js")));
        await ui.StartAsync("seats");
        await ui.UntilAsync("Up to date");
        await postgres.ExecuteAsync(
            "insert into page_seats values (8, 'owner 8', 80); update page_seats set price = 11 where id = 1");
        await RowsAreAsync(
            ui, "1 owner 1 11", "2 owner 2 20", "3 owner 3 30", "4 owner 4 40", "5 owner 5 50", "8 owner 8 80");
        Assert.Equal(0, await ui.Page.Locator("#live-table .appeared, #live-table .ag-cell-data-changed").CountAsync());
        Assert.Equal(320, await ui.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Equal("", await AccessibilityTests.ViolationsAsync(ui));

        await ui.Page.GetByLabel("Follow its changes (live)").UncheckAsync();
        await ui.StartAsync("seats", ("limit", "2"));
        await ui.UntilAsync("Complete");
        Assert.Equal(2, await ui.RowsAsync());
    }

    private static async Task RowsAreAsync(UiPage ui, params string[] rows) => await ui.Page.WaitForFunctionAsync(
        """
        (rows) => [...document.querySelectorAll('#live-table .ag-row')]
          .map((row) => [...row.querySelectorAll('.ag-cell')].map((cell) => cell.textContent).join(' '))
          .sort().join(', ') === rows.join(', ')
        """,
        rows);
}

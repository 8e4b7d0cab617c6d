using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Clients;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>
/// The page as a place to work: what is in sight, what the charts show by themselves, the address, and code to copy.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class WorkbenchTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Numbers =
        "-- summary: Some numbers\n-- param: count integer = 500\n-- key: id\n"
        + "select n as id, 7 as same, n % 7 as rest, 'row ' || n as name from generate_series(1, @count) n";

    private const string Times =
        "-- key: id\nselect n as id, n * interval '1 minute' as wait, n * n as square, "
        + "timestamp '2026-01-01' + n * interval '1 hour' as at from generate_series(1, 50) n";

    // Numbers that doubles hardly tell apart, of which 9,007,199,254,740,992 (2^53) is the first, and their ends.
    private const string Extremes =
        "-- key: id\nselect n as id, 9007199254740992 + n % 5 as beyond, 9223372036854775807 - 30 * n as most, "
        + "'1e-323'::float8 * n as tiny, '1.7e308'::float8 * ((n - 25) / 25.0) as huge from generate_series(1, 50) n";

    [ChromiumFact]
    public async Task Rows_charts_code_and_the_box_to_append_are_in_sight_and_on_a_phone_rows_come_before_charts()
    {
        await using var api = await ServeAsync();
        await using var ui = await UiPage.OpenAsync(
            chromium, api, new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        // A key that nothing proves is the operator's business, and no part of what the query gives.
        await Assertions.Expect(ui.Page.Locator("#summary")).ToHaveTextAsync("Some numbers");
        await Assertions.Expect(ui.Page.Locator("#doubts summary")).ToHaveTextAsync("For the operator");
        await Assertions.Expect(ui.Page.Locator("#doubts-list li")).ToHaveCountAsync(1);

        await ui.StartAsync("numbers");
        await ui.UntilAsync("Complete");
        foreach (var seen in new[] { "#table .ag-row >> nth=5", "#rate-chart", "#column-chart", "#code" })
            Assert.InRange(await BottomAsync(ui, seen), 100, 800);
        Assert.InRange(
            await ui.Page.Locator("#rate-chart").EvaluateAsync<double>("it => it.getBoundingClientRect().left"),
            await ui.Page.Locator("#table").EvaluateAsync<double>("it => it.getBoundingClientRect().right"),
            1280);
        await ui.Page.GetByRole(AriaRole.Link, new() { Name = "Streams", Exact = true }).ClickAsync();
        await Assertions.Expect(ui.Page.Locator("#write-append")).ToBeVisibleAsync();
        Assert.InRange(await BottomAsync(ui, "#write-append"), 100, 800);

        await ui.Page.GoBackAsync();
        await ui.Page.SetViewportSizeAsync(390, 844);
        await ui.ClickAsync("Start");
        await ui.UntilAsync("Complete");
        Assert.True(await BottomAsync(ui, "#table") < await BottomAsync(ui, "#rate-chart"));
        // What was asked gives way to what comes.
        await ui.Page.WaitForFunctionAsync("document.querySelector('#table').getBoundingClientRect().bottom < 844");
    }

    [ChromiumFact]
    public async Task The_first_chart_is_of_a_number_that_varies_by_time_if_there_is_one_and_short_runs_have_no_rate()
    {
        await using var api = await ServeAsync();
        await using var ui = await UiPage.OpenAsync(chromium, api);

        await ui.StartAsync("numbers");
        await ui.UntilAsync("Complete");
        await LabelsAsync(ui, "rest", "how often", "Values of rest, how often, in a sample of 500 rows");
        await ui.Page.GetByLabel("Drawn").SelectOptionAsync(new SelectOptionValue { Label = "by row" });
        await LabelsAsync(ui, "rest", "by row", "Values of rest, by row, in a sample of 500 rows");

        await ui.StartAsync("times");
        await ui.UntilAsync("Complete");
        await LabelsAsync(ui, "square", "by at", "Values of square, by at, in a sample of 50 rows");
        // An interval is no number, though the names of both begin with "int".
        Assert.Equal(["id", "square"], await ui.Page.Locator("#column option").AllInnerTextsAsync());
        // A run that is over in the first second has no rate that says anything.
        if (await ui.Page.EvaluateAsync<bool>("parseFloat(document.getElementById('time').textContent) < 1"))
        {
            await Assertions.Expect(ui.Page.Locator("#rate-chart")).ToHaveAttributeAsync(
                "aria-label", new Regex("^Too short to draw: over after 0"));
            Assert.Equal(0, await ui.Page.Locator("#rate-chart canvas").CountAsync());
        }

        // A generator's items have no types, and an order of their own.
        await ui.StartAsync("messages", ("count", "3"), ("intervalMs", "0"));
        await ui.UntilAsync("Complete");
        await LabelsAsync(ui, "number", "by row", "Values of number, by row, in a sample of 3 rows");
        await ui.StartAsync("lines", ("count", "2"), ("intervalMs", "0"));
        await ui.UntilAsync("Complete");
        await Assertions.Expect(ui.Page.Locator("#column-chart")).ToHaveAttributeAsync(
            "aria-label", "No column has numbers");
    }

    // The page would stand still, or draw nothing, or not even begin.
    [ChromiumFact]
    public async Task Numbers_of_any_size_are_drawn_and_also_where_the_browsers_language_is_no_language_tag()
    {
        await using var api = await ServeAsync();
        await using var ui = await UiPage.OpenAsync(chromium, api);
        foreach (var language in new[] { "en-US@posix", "C" })
            await DrawAsync(language);

        async Task DrawAsync(string language)
        {
            await ui.Page.AddInitScriptAsync(
                "Object.defineProperty(Navigator.prototype, 'language', "
                + $"{{ get: () => '{language}', configurable: true }})");
            await ui.Page.ReloadAsync();
            await ui.StartAsync("of-any-size");
            await ui.UntilAsync("Complete");
            foreach (var column in new[] { "beyond", "most", "tiny", "huge" })
            {
                await ui.Page.Locator("#column").SelectOptionAsync(column);
                foreach (var over in new[] { "how often", "by row" })
                {
                    await ui.Page.GetByLabel("Drawn").SelectOptionAsync(new SelectOptionValue { Label = over });
                    await LabelsAsync(ui, column, over, $"Values of {column}, {over}, in a sample of 50 rows");
                    await ui.Page.WaitForFunctionAsync(
                        """
                        () => {
                          const canvas = document.querySelector('#column-chart canvas');
                          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                          return data.some((value) => value > 0);
                        }
                        """);
                }
            }
        }
    }

    [ChromiumFact]
    public async Task The_address_has_the_query_and_its_parameters_and_back_shows_them_again()
    {
        await using var api = await ServeAsync();
        await using var ui = await UiPage.OpenAsync(chromium, api);
        foreach (var count in new[] { "3", "4" })
        {
            await ui.StartAsync("numbers", ("count", count));
            await ui.UntilAsync("Complete");
            await Assertions.Expect(ui.Page.Locator("#rows")).ToHaveTextAsync(count);
            Assert.Equal(api.Origin + "/api/ui/#queries/numbers?count=" + count, ui.Page.Url);
        }

        var shared = ui.Page.Url;
        await ui.Page.GoBackAsync();
        await Assertions.Expect(ui.Page.Locator("#rows")).ToHaveTextAsync("3");
        await Assertions.Expect(ui.Page.GetByLabel("count", new() { Exact = true })).ToHaveValueAsync("3");
        await ui.Page.GoForwardAsync();
        await Assertions.Expect(ui.Page.Locator("#rows")).ToHaveTextAsync("4");

        // Who opens a link sees what it is for, and starts it.
        await ui.Page.GotoAsync("about:blank");
        await ui.Page.GotoAsync(shared);
        await Assertions.Expect(ui.Page.GetByLabel("count", new() { Exact = true })).ToHaveValueAsync("4");
        await Assertions.Expect(ui.Page.Locator("#source")).ToHaveValueAsync("numbers");
        await Assertions.Expect(ui.State).ToHaveTextAsync("Nothing runs");
        await ui.ClickAsync("Start");
        await Assertions.Expect(ui.Page.Locator("#rows")).ToHaveTextAsync("4");
        await ui.Page.GotoAsync("about:blank");
        await ui.Page.GotoAsync(api.Origin + "/api/ui/#queries/none?x=%00");
        await Assertions.Expect(ui.Alert).ToContainTextAsync("There is no such query here");
    }

    [ChromiumFact]
    public async Task The_code_for_what_is_on_the_screen_is_copied_and_runs()
    {
        await using var api = await ServeAsync();
        await using var ui = await UiPage.OpenAsync(chromium, api);
        await ui.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await ui.Page.GetByLabel("Query", new() { Exact = true }).SelectOptionAsync("numbers");
        await ui.Page.GetByLabel("count", new() { Exact = true }).FillAsync("3");
        using var folder = await NodeFolder.WithAsync("axios", "1.21.1");

        Assert.Equal(api.Origin + "/api/public/queries/numbers?count=3", await CopyAsync("URL"));
        Assert.Equal(3, (await api.Client.GetStringAsync(await CopyAsync("URL"))).Count(letter => letter == '\n'));
        foreach (var client in new[] { "fetch", "axios in Node", "chunkstream-client" })
        {
            var said = await RunAsync("node", "program.mjs", await CopyAsync(client));
            Assert.Equal(4, said.Length);
            Assert.Contains("name: 'row 3'", said[2], StringComparison.Ordinal);
            Assert.Equal("complete", said[3]);
        }

        if (SnippetAttribute.Python is { } python)
        {
            var said = await RunAsync(python, "program.py", await CopyAsync("Python requests"));
            Assert.Equal(["complete"], said[3..]);
            Assert.Contains("'name': 'row 3'", said[2], StringComparison.Ordinal);
        }

        if (!OperatingSystem.IsWindows())
        {
            var said = await RunAsync("sh", "program.sh", await CopyAsync("curl"));
            Assert.Equal("""{"id":3,"same":7,"rest":3,"name":"row 3"}""", said[^1]);
        }

        var logged = new List<string>();
        ui.Page.Console += (_, message) => logged.Add(message.Text);
        await ui.Page.EvaluateAsync(await CopyAsync("EventSource"));
        await Bounded.Until(() => Task.FromResult(logged.Contains("complete")), "EventSource has read to the end");
        Assert.Equal(4, logged.Count);

        async Task<string> CopyAsync(string client)
        {
            await ui.Page.GetByLabel("The same with").SelectOptionAsync(new SelectOptionValue { Label = client });
            await ui.Page.Locator("#code-copy").ClickAsync();
            await Assertions.Expect(ui.Page.Locator("#code-copy")).ToHaveTextAsync("Copied");
            await ui.Page.WaitForFunctionAsync(
                "async () => await navigator.clipboard.readText() === document.getElementById('code').textContent");
            return await ui.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
        }

        async Task<string[]> RunAsync(string program, string name, string code)
        {
            folder.Write(name, code);
            await using var running = RunningProgram.Start(program, [name], folder.Path);
            var (exitCode, output, errors) = await running.EndAsync();
            Assert.True(exitCode == 0, errors);
            return output.TrimEnd('\n').Split('\n');
        }
    }

    private Task<LocalApi> ServeAsync() => LocalApi.ServingAsync(
        postgres.ConnectionString,
        new QueryFiles()
            .With("numbers", "-- access: anonymous\n" + Numbers)
            .With("times", Times)
            .With("of-any-size", Extremes));

    private static Task<double> BottomAsync(UiPage ui, string element)
        => ui.Page.Locator(element).EvaluateAsync<double>("it => it.getBoundingClientRect().bottom");

    private static async Task LabelsAsync(UiPage ui, string column, string over, string label)
    {
        await Assertions.Expect(ui.Page.Locator("#column-chart")).ToHaveAttributeAsync("aria-label", label);
        await Assertions.Expect(ui.Page.Locator("#column")).ToHaveValueAsync(column);
        await Assertions.Expect(ui.Page.Locator("#column-over option:checked")).ToHaveTextAsync(over);
    }
}

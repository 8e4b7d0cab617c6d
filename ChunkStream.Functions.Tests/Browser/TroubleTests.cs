using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>What the page does with mistakes, refusals, and values that look like markup.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class TroubleTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Key = "a-key-of-some-length";
    private const string Markup = """<img src=x onerror="window.harm = true">""";

    [ChromiumFact]
    public async Task A_bad_parameter_is_shown_at_its_field_in_the_servers_words()
    {
        var queries = new QueryFiles().With(
            "some", "-- param: count integer\nselect n from generate_series(1, @count) n");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, queries);
        await using var ui = await UiPage.OpenAsync(chromium, api);

        await ui.StartAsync("some", ("count", "many"), ("limit", "0"));
        await Assertions.Expect(ui.Page.Locator("#parameter-limit-error")).ToHaveTextAsync(
            await DetailAsync(api, "limit=0&count=1"));
        await Assertions.Expect(ui.Page.Locator("#parameter-limit")).ToBeFocusedAsync();

        await ui.StartAsync("some", ("limit", ""));
        await Assertions.Expect(ui.Page.Locator("#parameter-count-error")).ToHaveTextAsync(
            await DetailAsync(api, "count=many"));
        await Assertions.Expect(ui.Page.Locator("#parameter-count")).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(ui.Page.Locator("#parameter-limit-error")).ToBeEmptyAsync();

        await ui.StartAsync("some", ("count", "2"));
        await ui.UntilAsync("Complete");
        await Assertions.Expect(ui.Page.Locator("#parameter-count-error")).ToBeEmptyAsync();
    }

    [ChromiumFact]
    public async Task A_server_error_shows_what_its_problem_says()
    {
        var queries = new QueryFiles().With(
            "broken", "select 1 / (n - 60000) as quotient from generate_series(1, 100000) n");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, queries);
        await using var ui = await UiPage.OpenAsync(chromium, api);

        await ui.StartAsync("broken");
        await ui.UntilAsync("Failed");
        await Assertions.Expect(ui.Alert.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Internal error");
        await Assertions.Expect(ui.Alert).ToContainTextAsync(
            "The server failed while it was producing this response. Its log has the details.");
    }

    [ChromiumFact]
    public async Task Where_a_key_is_needed_it_is_asked_for_kept_in_the_tab_and_sent_in_a_header()
    {
        using var queries = new QueryFiles().With("secret", "select 42 as answer");
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, Key, queries.Setting);
        await using var ui = await UiPage.OpenAsync(chromium, api);
        var addresses = new List<string>();
        ui.Page.Request += (_, request) => addresses.Add(request.Url);

        var dialog = ui.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync("x-functions-key, or as ?code=");
        foreach (var given in new[] { "wrong", Key })
        {
            if (given == Key)
                await Assertions.Expect(dialog).ToContainTextAsync(
                    "The server does not take the key that it was given.");
            await dialog.GetByLabel("Function key").FillAsync(given);
            await Task.WhenAll(
                ui.Page.WaitForResponseAsync(response => response.Url.EndsWith("/queries", StringComparison.Ordinal)),
                ui.Page.Keyboard.PressAsync("Enter"));
        }

        await Assertions.Expect(dialog).ToBeHiddenAsync();
        await ui.StartAsync("secret");
        await ui.UntilAsync("Complete");
        await ui.AssertIsNotGivenOnAsync(Key);
        var download = await ui.Page.RunAndWaitForDownloadAsync(
            () => ui.Page.GetByRole(AriaRole.Link, new() { Name = "Download as CSV" }).ClickAsync());
        Assert.Equal("answer\r\n42\r\n", await File.ReadAllTextAsync(await download.PathAsync()));
        Assert.Equal("secret.csv", download.SuggestedFilename);
        Assert.DoesNotContain(addresses, address => address.Contains(Key, StringComparison.Ordinal));

        await ui.Page.ReloadAsync();
        await Assertions.Expect(ui.Page.Locator("#source option", new() { HasText = "secret" })).ToHaveCountAsync(1);

        await ui.Page.ClickAsync("#change-key");
        await ui.CloseAndOpenAgainAsync("key-dialog", "change-key");
        await dialog.GetByLabel("Function key").FillAsync("wrong");
        await ui.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(dialog).ToContainTextAsync("The server does not take the key that it was given.");
    }

    [ChromiumFact]
    public async Task A_refusal_that_says_nothing_asks_for_the_key_as_well()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var page = await chromium.NewPageAsync();
        // Azure refuses callers without a key like this: before the app is asked, and with an empty body.
        await page.RouteAsync("**/api/queries", route => route.FulfillAsync(new() { Status = 401 }));
        await page.GotoAsync(api.Origin);

        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync(
            "The server does not answer without one.");
        await page.Context.CloseAsync();
    }

    [ChromiumFact]
    public async Task A_query_whose_table_is_missing_is_named_with_what_to_do_and_the_others_serve()
    {
        var queries = new QueryFiles()
            .With("missing", "-- summary: x\nselect * from no_such_table")
            .With("some", "select 42 as answer");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, queries);
        await using var ui = await UiPage.OpenAsync(chromium, api);

        await Assertions.Expect(ui.Alert.GetByRole(AriaRole.Paragraph)).ToHaveTextAsync(
            "missing.sql, line 2: relation \"no_such_table\" does not exist: create it in this database, "
            + "or delete the file if nobody needs the query.");
        await ui.StartAsync("some");
        await ui.UntilAsync("Complete");
    }

    [ChromiumFact]
    public async Task Nothing_from_the_database_is_ever_taken_for_markup()
    {
        var queries = new QueryFiles().With(
            "markup",
            $"-- summary: {Markup}\nselect 1 as id, "
            + $"'{Markup}' as \"{Markup.Replace("\"", "\"\"", StringComparison.Ordinal)}\", "
            + $"json_build_array('{Markup}') as listed");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, queries);
        await using var ui = await UiPage.OpenAsync(chromium, api);

        await ui.StartAsync("markup");
        await ui.UntilAsync("Complete");
        await Assertions.Expect(
            ui.Page.GetByRole(AriaRole.Gridcell, new() { Name = Markup, Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(
            ui.Page.GetByRole(AriaRole.Columnheader, new() { Name = Markup, Exact = true })).ToBeVisibleAsync();
        await ui.Page.GetByRole(AriaRole.Columnheader, new() { Name = Markup, Exact = true }).HoverAsync();
        await Task.Delay(300);
        Assert.Equal(0, await ui.Page.Locator("img").CountAsync());
        Assert.False(await ui.Page.EvaluateAsync<bool>("'harm' in window"));
    }

    private static async Task<string> DetailAsync(LocalApi api, string parameters)
    {
        using var refused = await api.GetAsync("/api/queries/some?" + parameters);
        return (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["errors"]![0]!["detail"]!;
    }
}

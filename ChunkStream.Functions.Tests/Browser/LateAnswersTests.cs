using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>
/// The view of queries, where an answer comes when something else was chosen, typed or started meanwhile.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LateAnswersTests(RealPostgres postgres, Chromium chromium)
    : IClassFixture<Chromium>, IAsyncLifetime
{
    private const string Counted = "-- param: count integer\nselect n as id from generate_series(1, @count) n";

    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.ServingAsync(
        postgres.ConnectionString, new QueryFiles().With("first", Counted).With("second", Counted));

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [ChromiumFact]
    public async Task Of_two_catalogues_the_one_that_was_asked_for_last_counts()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await KeepKeyAsync(ui, "before");
        using var late = new Held();
        await late.AtAsync(ui.Page, "**/api/queries", Answers.RefuseAsync, request => request.Key() == "late");

        await ui.ChangeKeyAsync("late");
        await ui.ChangeKeyAsync("last");
        var told = ui.Page.WaitForResponseAsync(response => response.Status == 401);
        late.Release();
        await told;
        await Assertions.Expect(ui.Page.Locator("#source option", new() { HasText = "first" })).ToHaveCountAsync(1);
        await Task.Delay(300);
        await Assertions.Expect(ui.Page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
    }

    [ChromiumFact]
    public async Task A_mistake_that_is_told_late_is_not_shown_at_the_fields_of_another_query()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        using var held = new Held();
        await held.AtAsync(ui.Page, "**/queries/first*");

        await ui.StartAsync("first", ("count", "many"));
        await ui.Page.Locator("#source").SelectOptionAsync("second");
        await ui.Page.FocusAsync("#parameter-limit");
        held.Release();
        await ui.UntilAsync("Refused");
        await Assertions.Expect(ui.Alert.GetByRole(AriaRole.Paragraph)).ToHaveCountAsync(1);
        await Assertions.Expect(ui.Page.Locator("#parameter-count-error")).ToBeEmptyAsync();
        await Assertions.Expect(ui.Page.Locator("#parameter-limit")).ToBeFocusedAsync();
    }

    [ChromiumFact]
    public async Task With_a_key_that_was_missing_the_same_starts_again_and_not_what_is_chosen_by_then()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        using var held = new Held();
        await held.AtAsync(ui.Page, "**/queries/first*", Answers.RefuseWithoutKeyAsync);
        var started = Started(ui);

        await ui.StartAsync("first", ("count", "3"));
        await ui.Page.Locator("#source").SelectOptionAsync("second");
        await ui.Page.GetByLabel("count", new() { Exact = true }).FillAsync("4");
        held.Release();
        await ui.GiveKeyAsync("given");
        await ui.UntilAsync("Complete");
        Assert.Equal(3, await ui.RowsAsync());
        await Assertions.Expect(ui.Page.Locator("#source")).ToHaveValueAsync("second");
        Assert.Equal(["first", "first"], started);
    }

    [ChromiumFact]
    public async Task What_is_started_while_the_catalogue_comes_anew_is_left_alone()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        using var held = new Held();
        await held.AtAsync(ui.Page, "**/api/queries");
        await ui.Page.RouteAsync("**/queries/first*", Answers.RefuseWithoutKeyAsync);
        var started = Started(ui);

        await ui.StartAsync("first", ("count", "3"));
        await ui.GiveKeyAsync("given");
        await ui.StartAsync("second", ("count", "5"));
        await ui.UntilAsync("Complete");
        held.Release();
        await Assertions.Expect(ui.Page.Locator("#change-key")).ToBeVisibleAsync();
        await Task.Delay(300);
        Assert.Equal(5, await ui.RowsAsync());
        Assert.Equal(["first", "second"], started);
    }

    [ChromiumFact]
    public async Task A_stream_rejoins_with_the_key_that_is_given_by_then()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await KeepKeyAsync(ui, "before");
        using var held = new Held();
        await ui.Page.RouteAsync("**/queries/first*", route => route.Request.Key() == "now"
            ? route.StreamAsync(
                """{"row":{"id":2}}""", """{"checkpoint":"2"}""", """{"end":{"rows":1,"continue":null}}""")
            : route.RefuseAsync());
        await held.AtAsync(
            ui.Page,
            "**/queries/first*",
            route => route.StreamAsync("""{"row":{"id":1}}""", """{"checkpoint":"1"}"""),
            request => !request.Url.Contains("resume=", StringComparison.Ordinal));

        await ui.StartAsync("first", ("count", "2"));
        await ui.ChangeKeyAsync("now");
        held.Release();
        await ui.UntilAsync("Complete");
        Assert.Equal(2, await ui.RowsAsync());
    }

    [ChromiumFact]
    public async Task A_stream_that_ends_in_a_pause_has_not_lasted_as_long_as_that()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        using var held = new Held();
        await held.AtAsync(
            ui.Page, "**/queries/first*", route => route.StreamAsync("""{"end":{"rows":0,"continue":null}}"""));

        await ui.StartAsync("first", ("count", "0"));
        await ui.ClickAsync("Pause");
        await ui.UntilAsync("Paused");
        var time = await ui.Page.Locator("#time").InnerTextAsync();
        await Task.Delay(1000);
        held.Release();
        await ui.UntilAsync("Complete");
        Assert.Equal(time, await ui.Page.Locator("#time").InnerTextAsync());
        await Assertions.Expect(ui.Page.Locator("#pause")).ToHaveTextAsync("Pause");
    }

    [ChromiumFact]
    public async Task What_is_typed_stays_when_the_queries_come_after_the_generators()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await ui.Page.RouteAsync(
            "**/api/queries", route => route.Request.Key() == "right" ? route.FallbackAsync() : route.RefuseAsync());
        await KeepKeyAsync(ui, "wrong");
        await ui.ClickAsync("Go on without");

        // It is chosen already: the first of those that are there.
        await Assertions.Expect(ui.Page.Locator("#source")).ToHaveValueAsync("lines");
        var count = ui.Page.GetByLabel("count", new() { Exact = true });
        await count.FillAsync("1");
        await ui.ClickAsync("Start");
        await ui.UntilAsync("Complete");

        await count.FillAsync("2");
        await ui.ChangeKeyAsync("right");
        await Assertions.Expect(ui.Page.Locator("#source option", new() { HasText = "first" })).ToHaveCountAsync(1);
        await Assertions.Expect(ui.Page.Locator("#source")).ToHaveValueAsync("lines");
        await Assertions.Expect(count).ToHaveValueAsync("2");
    }

    [ChromiumFact]
    public async Task Generators_that_cant_be_had_are_told_of_and_are_no_error_that_nobody_catches()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        using var held = new Held();
        await ui.Page.RouteAsync("**/generators.json", route => route.FulfillAsync(new() { Status = 500 }));
        await held.AtAsync(ui.Page, "**/api/queries");

        var told = ui.Page.WaitForResponseAsync("**/generators.json");
        await ui.Page.ReloadAsync();
        await told;
        await Task.Delay(300);
        held.Release();
        await Assertions.Expect(ui.Alert).ToContainTextAsync("The server answered 500.");
    }

    [ChromiumFact]
    public async Task Going_back_to_what_is_on_the_screen_shows_its_query_and_does_not_start_it_again()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await ui.StartAsync("first", ("count", "3"));
        await ui.UntilAsync("Complete");
        var started = Started(ui);

        await ui.Page.Locator("#source").SelectOptionAsync("second");
        await Assertions.Expect(ui.Page).ToHaveURLAsync(new Regex("#queries/second"));
        await ui.Page.GoBackAsync();
        await Assertions.Expect(ui.Page.Locator("#source")).ToHaveValueAsync("first");
        await Assertions.Expect(ui.Page).ToHaveURLAsync(new Regex("#queries/first\\?count=3$"));
        Assert.Empty(started);
    }

    /// <summary>The queries that are asked for from now on.</summary>
    private static List<string> Started(UiPage ui)
    {
        var started = new List<string>();
        ui.Page.Request += (_, request) =>
        {
            if (request.Url.Contains("/queries/", StringComparison.Ordinal))
                started.Add(new Uri(request.Url).Segments[^1]);
        };
        return started;
    }

    private static async Task KeepKeyAsync(UiPage ui, string key)
    {
        await ui.Page.EvaluateAsync("key => sessionStorage.setItem('chunkstream-function-key', key)", key);
        await ui.Page.ReloadAsync();
        await Assertions.Expect(ui.Page.Locator("#source option")).Not.ToHaveCountAsync(0);
    }
}

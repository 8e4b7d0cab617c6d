using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The view of streams, where an answer comes when something else is typed or seen by then.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LateStreamAnswersTests(RealPostgres postgres, Chromium chromium)
    : IClassFixture<Chromium>, IAsyncLifetime
{
    private const string Json = "application/json";

    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync(postgres.ConnectionString);

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [ChromiumFact]
    public async Task Messages_that_are_sent_while_another_one_is_on_its_way_have_ends_of_their_own()
    {
        var path = await _api.CreateAsync(Json);
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        await view.FollowAsync(path);
        await view.UntilAsync("Live");
        using var held = new Held();
        await HoldAsync(view, "POST", held, route => route.Request.PostData == "[2]"
            ? route.FulfillAsync(new() { Status = 413, ContentType = Json, Body = """{"title":"Too large"}""" })
            : route.FallbackAsync());

        await AppendAsync(view, "1");
        await AppendAsync(view, "2");
        await view.Page.GetByLabel("Message", new() { Exact = true }).FillAsync("{\"next\":");
        await view.Page.EvaluateAsync(
            """
            () => {
              const done = document.getElementById('write-done');
              window.said = [];
              new MutationObserver(() => window.said.push(done.textContent)).observe(done, { childList: true });
            }
            """);
        held.Release();
        await Assertions.Expect(view.Alert).ToContainTextAsync("Too large");
        await view.ShowsAsync("1");
        Assert.Equal(["Appended", ""], await view.Page.EvaluateAsync<string[]>("window.said"));
        await Assertions.Expect(view.Page.Locator("#write-text")).ToHaveValueAsync("{\"next\":");
    }

    [ChromiumFact]
    public async Task With_a_key_that_was_missing_the_same_is_appended_to_the_same_stream()
    {
        var path = await _api.CreateAsync(Json);
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        await view.FollowAsync(path);
        await view.UntilAsync("Live");
        using var held = new Held();
        await HoldAsync(view, "POST", held, Answers.RefuseWithoutKeyAsync);

        await AppendAsync(view, "1");
        await view.Page.GetByLabel("Message", new() { Exact = true }).FillAsync("2");
        await view.Page.GetByLabel("Stream", new() { Exact = true }).FillAsync("other");
        held.Release();
        await view.Ui.GiveKeyAsync("given");
        await view.ShowsAsync("1");
        await view.UntilCountAsync(1);
        await Assertions.Expect(view.Page.GetByLabel("Message", new() { Exact = true })).ToHaveValueAsync("2");
    }

    [ChromiumFact]
    public async Task With_a_key_that_was_missing_the_same_stream_is_followed_and_not_what_is_typed_by_then()
    {
        var path = await _api.CreateAsync(Json, "[7]");
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        using var held = new Held();
        await HoldAsync(view, "GET", held, Answers.RefuseWithoutKeyAsync);

        await view.FollowAsync(path);
        await view.Page.GetByLabel("Stream", new() { Exact = true }).FillAsync("other");
        held.Release();
        await view.Ui.GiveKeyAsync("given");
        await view.UntilAsync("Live");
        await view.ShowsAsync("7");
        await Assertions.Expect(view.Page.GetByLabel("Stream", new() { Exact = true })).ToHaveValueAsync("other");
    }

    [ChromiumFact]
    public async Task What_is_created_is_not_followed_in_place_of_what_is_typed_and_takes_no_other_views_address()
    {
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        using var typed = new Held();
        await HoldAsync(view, "PUT", typed);
        await view.Page.GetByLabel("Stream", new() { Exact = true }).FillAsync(DurableCalls.NewPath());
        await view.Ui.ClickAsync("Create the stream");
        await view.Page.GetByLabel("Stream", new() { Exact = true }).FillAsync("half/");
        typed.Release();
        await Assertions.Expect(view.Page.Locator("#write-done")).ToHaveTextAsync("Created");
        await Assertions.Expect(view.Page.Locator("#stream-path-error")).ToBeEmptyAsync();
        await Assertions.Expect(view.Page.Locator("#stream-state")).ToHaveTextAsync("Not connected");

        using var elsewhere = new Held();
        await HoldAsync(view, "PUT", elsewhere);
        await view.Page.GetByLabel("Stream", new() { Exact = true }).FillAsync(DurableCalls.NewPath());
        await view.Ui.ClickAsync("Create the stream");
        await view.Page.GetByRole(AriaRole.Link, new() { Name = "Queries", Exact = true }).ClickAsync();
        await Assertions.Expect(view.Page.Locator("#form")).ToBeVisibleAsync();
        elsewhere.Release();
        await Assertions.Expect(view.Page.Locator("#stream-state")).Not.ToHaveTextAsync("Not connected");
        await Assertions.Expect(view.Page).ToHaveURLAsync(new Regex("#queries$"));
    }

    [ChromiumFact]
    public async Task A_stream_that_is_created_while_it_is_asked_for_is_followed()
    {
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        using var held = new Held();
        var asked = new TaskCompletionSource();
        await view.Page.RouteAsync("**/streams/**", async route =>
        {
            if (route.Request.Method == "GET" && !asked.Task.IsCompleted)
            {
                var absent = await route.FetchAsync();
                asked.SetResult();
                await held.Released;
                await route.FulfillAsync(new() { Response = absent });
            }
            else
            {
                await route.ContinueAsync();
            }
        });

        await view.FollowAsync(DurableCalls.NewPath());
        await asked.Task;
        await view.Ui.ClickAsync("Create the stream");
        await Assertions.Expect(view.Page.Locator("#write-done")).ToHaveTextAsync("Created");
        held.Release();
        await view.UntilAsync("Live");
    }

    [ChromiumFact]
    public async Task A_stream_that_is_paused_at_once_is_not_read()
    {
        var path = await _api.CreateAsync(Json, "[1, 2]");
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        await view.Page.GetByLabel("Stream", new() { Exact = true }).FillAsync(path);
        await view.Page.EvaluateAsync(
            "for (const id of ['stream-follow', 'stream-pause']) document.getElementById(id).click()");
        await view.UntilAsync("Paused");
        await Task.Delay(500);
        await view.UntilCountAsync(0);
        await view.Ui.ClickAsync("Go on");
        await view.UntilCountAsync(2);
    }

    [ChromiumFact]
    public async Task Who_scrolls_through_what_was_found_sees_it_also_while_the_oldest_goes()
    {
        const int Kept = 100_000;
        var path = await _api.CreateAsync(Json);
        foreach (var numbers in Enumerable.Range(0, Kept).Chunk(Kept / 10))
            await _api.AppendAsync(path, Json, $"[{string.Join(',', numbers)}]");
        await using var view = await LiveView.OpenAsync(chromium, _api.Origin);
        await view.Page.EvaluateAsync(
            """
            async () => {
              const { EntryStore } = await import(new URL('streams/entry-store.js', document.baseURI));
              const { add } = EntryStore.prototype;
              EntryStore.prototype.add = function (...entry) {
                window.store = this;
                return add.apply(this, entry);
              };
            }
            """);
        await view.FollowAsync(path);
        await view.UntilCountAsync(Kept);
        await view.Page.GetByLabel("Find").FillAsync("0");
        await Assertions.Expect(view.Page.Locator("#stream-found")).ToContainTextAsync("of 100,000 have it");
        await view.Log.FocusAsync();
        await view.Page.Keyboard.PressAsync("Home");
        await view.ShowsAsync("10");

        // The page reports a script's error when it is closed.
        await view.Page.EvaluateAsync(
            """
            () => {
              for (let more = 0; more < 15; more++) window.store.add(100000 + more, '5');
              document.getElementById('log').dispatchEvent(new Event('scroll'));
            }
            """);
        await Assertions.Expect(view.Row("10")).ToHaveCountAsync(0);
        await view.ShowsAsync("20");
    }

    private static async Task AppendAsync(LiveView view, string message)
    {
        await view.Page.GetByLabel("Message", new() { Exact = true }).FillAsync(message);
        await view.Ui.ClickAsync("Append");
    }

    private static Task HoldAsync(LiveView view, string method, Held held, Func<IRoute, Task>? answer = null)
        => held.AtAsync(view.Page, "**/streams/**", answer, request => request.Method == method);
}

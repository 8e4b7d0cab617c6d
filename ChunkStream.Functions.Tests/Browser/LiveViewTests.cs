using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The page's view of streams: what it shows of what is appended, paused, cut, closed and deleted.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveViewTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Json = "application/json";
    private const string Key = "a-key-of-some-length";
    private const string Markup = """<img src=x onerror="window.harm = true">""";

    [ChromiumFact]
    public async Task What_is_appended_appears_while_the_view_is_open_and_a_closed_stream_is_shown_as_closed()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json, """[{"n":0,"text":"before"}]""");
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);

        await view.FollowAsync(path);
        await view.UntilAsync("Live");
        await view.ShowsAsync("""{"n":0,"text":"before"}""");
        await api.AppendAsync(path, Json, """[{"n": 12345678901234567890}, 7]""");
        await view.ShowsAsync("""{"n": 12345678901234567890}""");
        await view.UntilCountAsync(3);
        await Assertions.Expect(view.Page.Locator("#stream-next")).ToHaveTextAsync("0000000000000000003");

        using var closed = await api.PostAsync(path, headers: ("Stream-Closed", "true"));
        await view.UntilAsync("Closed");
        Assert.Equal("0", await view.Page.Locator("#stream-rejoins").InnerTextAsync());
    }

    [ChromiumFact]
    public async Task Pausing_keeps_the_place_and_going_on_loses_and_doubles_nothing()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json);
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);
        await view.WatchAsync();
        await view.FollowAsync(path);
        await view.UntilAsync("Live");
        await AppendNumbersAsync(api, path, 0, 50);
        await view.UntilCountAsync(50);

        await view.Ui.ClickAsync("Pause");
        await view.UntilAsync("Paused");
        await AppendNumbersAsync(api, path, 50, 70);
        await Task.Delay(500);
        Assert.Equal("50", await view.Page.Locator("#stream-count").InnerTextAsync());

        await view.Ui.ClickAsync("Go on");
        await view.UntilCountAsync(70);
        await view.UntilAsync("Live");
        await AppendNumbersAsync(api, path, 70, 80);
        await view.UntilCountAsync(80);
        await view.AssertSawNumbersAsync(80);
    }

    [ChromiumFact]
    public async Task Connections_that_are_cut_are_rejoined_without_a_lost_or_doubled_message()
    {
        const int Count = 1500;
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        await using var line = new CuttableLine(api.Client.BaseAddress!);
        var path = await api.CreateAsync(Json);
        await AppendNumbersAsync(api, path, 0, 500, atOnce: 100, filler: true);
        await using var view = await LiveView.OpenAsync(chromium, line.Address.GetLeftPart(UriPartial.Authority));
        await view.WatchAsync();
        line.CutFromNowOn(4000);

        await view.FollowAsync(path);
        await AppendNumbersAsync(api, path, 500, Count, atOnce: 10, filler: true);
        await view.UntilCountAsync(Count);
        line.CutFromNowOn(long.MaxValue / 2);
        await view.UntilAsync("Live");

        Assert.InRange(line.Cuts, 3, 1000);
        await view.AssertSawNumbersAsync(Count);
        line.Cut();
        await AppendNumbersAsync(api, path, Count, Count + 1);
        await view.UntilCountAsync(Count + 1);
    }

    [ChromiumFact]
    public async Task A_text_is_shown_by_lines_which_grow_until_they_end()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync("text/plain; charset=utf-8", "first\r\nsecönd ");
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);

        await view.FollowAsync(path);
        await view.UntilAsync("Live");
        await view.ShowsAsync("secönd ");
        await api.AppendAsync(path, "text/plain", "🐘 goes on\nthird");
        await view.ShowsAsync("secönd 🐘 goes on");
        await view.ShowsAsync("third");
        await view.UntilCountAsync(3);
        Assert.Equal(["0", "7", "28"], await view.Log.Locator(".log-offset").AllInnerTextsAsync());
    }

    [ChromiumFact]
    public async Task It_starts_where_one_chooses_and_finds_what_one_types()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json);
        await AppendNumbersAsync(api, path, 0, 3000, atOnce: 1000);
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);

        await view.FollowAsync(path, "now on");
        await view.UntilAsync("Live");
        await view.UntilCountAsync(0);
        await view.Page.GetByLabel("From", new() { Exact = true }).SelectOptionAsync("offset");
        await view.Page.GetByLabel("Offset", new() { Exact = true }).FillAsync("2990");
        await view.Ui.ClickAsync("Follow");
        await view.UntilCountAsync(10);
        await view.FollowAsync(path);
        await view.UntilCountAsync(3000);

        await view.Page.GetByLabel("Find").FillAsync("\"N\": 299");
        await Assertions.Expect(view.Page.Locator("#stream-found")).ToHaveTextAsync("11 of 3,000 have it");
        await Assertions.Expect(view.Log.GetByRole(AriaRole.Option)).ToHaveCountAsync(11);
        await api.AppendAsync(path, Json, """[{"n": 29999}, {"n": 1}]""");
        await view.ShowsAsync("""{"n": 29999}""");
        await Assertions.Expect(view.Page.Locator("#stream-found")).ToHaveTextAsync("12 of 3,002 have it");
        await view.Log.GetByText("29999").ClickAsync();
        await Assertions.Expect(view.Page.Locator("#entry-text")).ToHaveTextAsync("{\n  \"n\": 29999\n}");
    }

    [ChromiumFact]
    public async Task The_log_keeps_the_newest_hundred_thousand_and_says_so()
    {
        const int Count = 130_000;
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json);
        await AppendNumbersAsync(api, path, 0, Count, atOnce: 10_000);
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);

        await view.FollowAsync(path);
        await view.UntilCountAsync(Count);
        await Assertions.Expect(view.Page.Locator("#log-note")).ToContainTextAsync("The newest 100,000 are kept");
        await view.ShowsAsync($$"""{"n": {{Count - 1}}}""");
        Assert.InRange(await view.Log.Locator(".log-row").CountAsync(), 1, 100);

        await view.Log.FocusAsync();
        await view.Page.Keyboard.PressAsync("Home");
        await view.ShowsAsync($$"""{"n": {{Count - 100_000}}}""");
        // What one reads stays where it is while more comes.
        await api.AppendAsync(path, Json, """[{"n": 1000000}]""");
        await view.UntilCountAsync(Count + 1);
        await view.ShowsAsync($$"""{"n": {{Count - 100_000 + 1}}}""");
        await view.Ui.ClickAsync("To the newest");
        await view.ShowsAsync("""{"n": 1000000}""");
    }

    [ChromiumFact]
    public async Task A_stream_can_be_created_and_appended_to()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = DurableCalls.NewPath() + "/ä +%";
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);

        await view.FollowAsync(path);
        await view.UntilAsync("There is no such stream");
        await view.Page.GetByLabel("Message", new() { Exact = true }).FillAsync("{\"n\":");
        await view.Ui.ClickAsync("Append");
        await Assertions.Expect(view.Page.Locator("#write-error")).ToContainTextAsync("That is not JSON");
        await view.Ui.ClickAsync("Create the stream");
        await view.UntilAsync("Live");
        foreach (var message in new[] { """{"n": 1.50}""", "[2, 3]" })
        {
            await view.Page.GetByLabel("Message", new() { Exact = true }).FillAsync(message);
            await view.Ui.ClickAsync("Append");
            await view.ShowsAsync(message);
        }

        using var closed = await api.PostAsync(
            string.Join('/', path.Split('/').Select(Uri.EscapeDataString)), headers: ("Stream-Closed", "true"));
        await view.UntilAsync("Closed");
        await view.Page.GetByLabel("Message", new() { Exact = true }).FillAsync("1");
        await view.Ui.ClickAsync("Append");
        await Assertions.Expect(view.Alert).ToContainTextAsync("nothing can be appended any more");
    }

    [ChromiumFact]
    public async Task A_deleted_stream_is_shown_as_gone()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync("text/plain", "here\n");
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);
        await view.FollowAsync(path);
        await view.UntilAsync("Live");

        using var deleted = await api.SendAsync(HttpMethod.Delete, path, contentType: null, body: null);
        await view.UntilAsync("Gone");
        await Assertions.Expect(view.Alert).ToContainTextAsync("There is no stream here");
        await view.ShowsAsync("here");
    }

    [ChromiumFact]
    public async Task Nothing_in_a_stream_is_ever_taken_for_markup()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var text = System.Text.Json.JsonSerializer.Serialize(Markup);
        var path = await api.CreateAsync(Json, $$"""[{{text}}, {{{text}}: 5}]""");
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);
        await view.FollowAsync(path);
        await view.UntilCountAsync(2);

        await view.Log.GetByRole(AriaRole.Option).First.ClickAsync();
        await Assertions.Expect(view.Page.Locator("#entry-text")).ToContainTextAsync("onerror");
        await Assertions.Expect(view.Page.Locator("#stream-field option")).ToHaveTextAsync([Markup]);
        await Task.Delay(300);
        Assert.Equal(0, await view.Page.Locator("img").CountAsync());
        Assert.False(await view.Page.EvaluateAsync<bool>("'harm' in window"));
    }

    [ChromiumFact]
    public async Task Numbers_of_ones_choice_are_charted()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json, """[{"n":1,"value":{"celsius":20.5}},{"n":2,"value":{"celsius":21}}]""");
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);
        await view.FollowAsync(path);
        await Assertions.Expect(view.Page.Locator("#stream-field option")).ToHaveTextAsync(["n", "value.celsius"]);

        await view.Page.GetByLabel("Numbers in", new() { Exact = true }).SelectOptionAsync("value.celsius");
        await Assertions.Expect(view.Page.Locator("#stream-field-chart")).ToHaveAttributeAsync(
            "aria-label", "value.celsius in the newest messages, up to offset 1");
        await Assertions.Expect(view.Page.Locator("#stream-rate-chart")).ToHaveAttributeAsync(
            "aria-label", new System.Text.RegularExpressions.Regex("a second after"));
        Assert.Equal(2, await view.Page.Locator("#streams-view canvas").CountAsync());
    }

    [ChromiumFact]
    public async Task Where_a_key_is_needed_it_is_asked_for_and_never_in_an_address()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, Key);
        var page = await chromium.NewPageAsync();
        var addresses = new List<string>();
        page.Request += (_, request) => addresses.Add(request.Url);
        await page.GotoAsync(api.Origin + "/api/ui/#streams/" + DurableCalls.NewPath());

        await page.GetByRole(AriaRole.Dialog).GetByLabel("Function key").FillAsync(Key);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#stream-state")).ToHaveTextAsync(
            new System.Text.RegularExpressions.Regex("^There is no such stream"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the stream" }).ClickAsync();
        await Assertions.Expect(page.Locator("#stream-state")).ToHaveTextAsync(
            new System.Text.RegularExpressions.Regex("^Live"));
        Assert.DoesNotContain(addresses, address => address.Contains(Key, StringComparison.Ordinal));
        await page.Context.CloseAsync();
    }

    [ChromiumFact]
    public async Task Axe_finds_nothing_wrong_in_light_and_dark_and_nothing_is_wider_than_a_phone()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json);
        await AppendNumbersAsync(api, path, 0, 300, atOnce: 300);
        await api.AppendAsync(path, Json, $"[\"{new string('x', 3000)}\"]");
        await using var view = await LiveView.OpenAsync(
            chromium, api.Origin, new() { ViewportSize = new() { Width = 360, Height = 740 } });
        await view.Page.EvaluateAsync(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "ui", "node_modules", "axe-core", "axe.min.js")));

        Assert.Equal("", await AccessibilityTests.ViolationsAsync(view.Ui));
        await view.FollowAsync("no/such/stream");
        await view.UntilAsync("There is no such stream");
        Assert.Equal("", await AccessibilityTests.ViolationsAsync(view.Ui));
        await view.FollowAsync(path);
        await view.UntilCountAsync(301);
        await view.Log.GetByRole(AriaRole.Option).Last.ClickAsync();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await view.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
            Assert.Equal("", await AccessibilityTests.ViolationsAsync(view.Ui));
            Assert.Equal(360, await view.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
            await view.Log.FocusAsync();
            await view.Page.Keyboard.PressAsync("End");
            if (Environment.GetEnvironmentVariable("CHUNKSTREAM_SCREENSHOTS") is { Length: > 0 } folder)
                await view.Page.ScreenshotAsync(
                    new() { Path = Path.Combine(folder, $"live-view-{scheme}.png"), FullPage = true });
        }
    }

    [ChromiumFact]
    public async Task It_can_be_used_with_the_keyboard_alone()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Json, """[{"n":0},{"n":1},{"n":2}]""");
        await using var view = await LiveView.OpenAsync(chromium, api.Origin);

        await view.Page.Keyboard.PressAsync("Tab");
        await view.Page.Keyboard.TypeAsync(path);
        await view.Page.Keyboard.PressAsync("Enter");
        await view.UntilAsync("Live");
        await Assertions.Expect(view.Page.GetByRole(AriaRole.Status).First).ToHaveTextAsync(
            "Live: what is appended appears. 3 messages.");
        for (var presses = 0; await view.Page.EvaluateAsync<string>("document.activeElement.id") != "log"; presses++)
        {
            Assert.InRange(presses, 0, 10);
            await view.Page.Keyboard.PressAsync("Tab");
            Assert.NotEqual(
                "none", await view.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        }

        await view.Page.Keyboard.PressAsync("ArrowUp");
        await view.Page.Keyboard.PressAsync("ArrowUp");
        Assert.Equal(
            """1{"n":1}""",
            await view.Page.EvaluateAsync<string>(
                "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"));
        await Assertions.Expect(view.Page.Locator("#entry-title")).ToHaveTextAsync("Offset 0000000000000000001");
    }

    private static async Task AppendNumbersAsync(
        LocalApi api, string path, int from, int to, int atOnce = 1, bool filler = false)
    {
        // What can't be compressed, where it matters how much goes over the line.
        var more = () => filler ? $", \"id\": \"{Guid.NewGuid()}\"" : "";
        for (var start = from; start < to; start += atOnce)
        {
            var messages = Enumerable.Range(start, Math.Min(atOnce, to - start))
                .Select(n => $$"""{"n": {{n}}{{more()}}}""");
            await api.AppendAsync(path, Json, $"[{string.Join(',', messages)}]");
        }
    }
}
